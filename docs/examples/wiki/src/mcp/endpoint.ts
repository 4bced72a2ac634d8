import type { RequestHandler } from 'express';
import {
  currentPrincipal,
  McpGuardError,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpServiceAccount,
  mcpSessionBinding,
  mcpTlsGuard,
  mcpTokenGuard,
  type Principal,
} from 'express-mcp-guards';
import { WikiError } from '../errors.js';
import type { Pages } from '../pages/pages.js';
import type { Caller } from '../users/callers.js';
import { buildWikiServer } from './server.js';
import type { SharedStores } from './shared-stores.js';
import { basicVerifier, bearerVerifier, type VerifierParts } from './verifiers.js';

export interface EndpointParts extends VerifierParts {
  readonly pages: Pages;
  readonly callerFor: (principal: Principal | undefined) => Promise<Caller>;
  /** Host names the wiki answers to. Default: the loopback names. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Shared secret that every MCP client must send in `X-MCP-Token`. */
  readonly mcpToken?: string | undefined;
  /** Whom requests without any `Authorization` act as. */
  readonly serviceAccount?: Principal | undefined;
  /** What all nodes share. Default: this process keeps its own, in memory. */
  readonly stores?: SharedStores | undefined;
}

export interface McpEndpoint {
  /** For `app.use('/mcp', …)`. */
  readonly handlers: readonly RequestHandler[];
  /** The way in with e-mail and password, for other routes: it shares the limiter's budget with `/mcp`. */
  readonly passwordLogin: readonly RequestHandler[];
  close(graceMs: number): Promise<void>;
}

/** Cheap checks before dear ones, identity before session, the body last. */
export function mcpEndpoint(parts: EndpointParts): McpEndpoint {
  const { pages, callerFor, allowedHosts, mcpToken, serviceAccount, stores } = parts;
  const frontDoor: RequestHandler[] = [
    mcpOriginGuard(allowedHosts === undefined ? {} : { allowedHosts }),
    mcpTlsGuard(),
    mcpLoginLimiter(stores && { store: stores.logins }),
  ];
  const basicAuth = mcpBasicAuth({ verifier: basicVerifier(parts), realm: 'wiki' });
  const sessions = mcpSessionBinding(stores && { store: stores.sessions });
  const handler = mcpHandler({
    createServer: async ({ principal }) =>
      buildWikiServer(
        { pages, caller: () => callerFor(currentPrincipal()) },
        await orForbidden(callerFor(principal)),
      ),
    onError: (error) => console.error('MCP server failed:', error),
    ...(stores && { eventStore: stores.events }),
  });
  return {
    handlers: [
      ...frontDoor,
      ...(mcpToken === undefined ? [] : [mcpTokenGuard({ token: mcpToken })]),
      mcpBearerAuth({ verifier: bearerVerifier(parts), realm: 'wiki' }),
      basicAuth,
      ...(serviceAccount === undefined ? [] : [mcpServiceAccount({ principal: serviceAccount })]),
      sessions,
      handler,
    ],
    passwordLogin: [...frontDoor, basicAuth],
    async close(graceMs) {
      await handler.close({ graceMs });
      await sessions.close();
    },
  };
}

/** A person whom the wiki itself turns away is refused (403); anything else that fails is an outage (503). */
async function orForbidden(caller: Promise<Caller>): Promise<Caller> {
  try {
    return await caller;
  } catch (cause) {
    throw cause instanceof WikiError ? new McpGuardError('forbidden', { cause }) : cause;
  }
}
