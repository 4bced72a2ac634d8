import { hkdfSync } from 'node:crypto';
import type { RequestHandler } from 'express';
import {
  mcpBearerAuth,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
  mcpTlsGuard,
  type SessionBinding,
} from 'express-mcp-guards';
import { jwtVerifier } from 'express-mcp-guards/jwt';
import { createRequestStateCodec, mcpHandler } from 'express-mcp-guards/v2';
import type { Notes } from '../notes/notes.js';
import type { Users } from '../notes/users.js';
import { accessTokenClaims } from '../tokens.js';
import { type Deletion, serverMaker } from './create-server.js';
import { noteUri, ownerOf } from './note-uri.js';

export interface EndpointParts {
  readonly notes: Notes;
  readonly users: Users;
  /** What access tokens are signed with. */
  readonly secret: Uint8Array;
  /** Host names the server answers to. Default: the loopback names. */
  readonly allowedHosts?: readonly string[] | undefined;
}

export interface McpEndpoint {
  /** For `app.use('/mcp', …)`. */
  readonly handlers: readonly RequestHandler[];
  /** What an operator can do: list, revoke. */
  readonly sessions: SessionBinding;
  close(graceMs: number): Promise<void>;
}

/** The one file to copy: one URL for clients of 2026-07-28 and of the 2025 era, each request as its caller. */
export function mcpEndpoint({ notes, users, secret, allowedHosts }: EndpointParts): McpEndpoint {
  const deletions = createRequestStateCodec<Deletion>({
    // The same on every node, since the next round may reach another one.
    key: new Uint8Array(hkdfSync('sha256', secret, '', 'request state', 32)),
  });
  const sessions = mcpSessionBinding();
  const handler = mcpHandler({
    createServer: serverMaker({ notes, users, deletions }),
    // Without it whoever subscribes to the URI of somebody else's note would hear of its changes.
    mayHear: ({ subject }, event) => event.kind !== 'resource_updated' || ownerOf(event.uri) === subject,
    onError: (error) => console.error('MCP server failed:', error),
  });
  notes.onChange((owner, id) => handler.notify.resourceUpdated(noteUri(owner, id)));
  return {
    handlers: [
      mcpOriginGuard(allowedHosts === undefined ? {} : { allowedHosts }),
      mcpTlsGuard(),
      mcpLoginLimiter(),
      mcpBearerAuth({
        verifier: jwtVerifier({
          ...accessTokenClaims,
          keys: secret,
          isActive: ({ subject }) => users.isEnabled(subject),
        }),
      }),
      // For clients of the 2025 era, and for the streams of both: requests of 2026-07-28 have no session.
      sessions,
      handler,
    ],
    sessions,
    async close(graceMs) {
      await handler.close({ graceMs });
      await sessions.close();
    },
  };
}
