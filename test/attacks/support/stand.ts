import { expect } from 'chai';
import type { Express, RequestHandler } from 'express';

import {
  type BasicAuthOptions,
  type BasicCredentials,
  type CredentialVerifier,
  type LoginLimiterOptions,
  type McpHandler,
  type McpHandlerOptions,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  type SessionBinding,
  type SessionBindingOptions,
} from '../../../lib/index.js';
import { basic, call, initialize, type Reply, toolCall } from '../../support/call.js';
import { buildServer, type Seen } from '../../support/mcp.js';
import { type Served, serveApp } from '../../support/serve.js';

export const PASSWORDS: ReadonlyMap<string, string> = new Map([
  ['ada', 'ada’s own password'],
  ['bob', 'bob’s own password'],
]);

export type Headers = Readonly<Record<string, string>>;

/** The headers of somebody of `PASSWORDS`. */
export const as = (username: string): Headers => ({
  authorization: basic(username, PASSWORDS.get(username) ?? ''),
});

export interface StandOptions {
  readonly configure?: (app: Express) => void;
  /** Before everything else. */
  readonly first?: readonly RequestHandler[];
  /** `false` mounts none. */
  readonly limiter?: LoginLimiterOptions | false;
  readonly basic?: Partial<BasicAuthOptions>;
  /** Over a verifier that knows `PASSWORDS`. */
  readonly verifier?: Partial<CredentialVerifier<BasicCredentials>>;
  /** After Basic, before the session binding. */
  readonly more?: readonly RequestHandler[];
  /** `false` mounts none. */
  readonly binding?: SessionBindingOptions | false;
  readonly handler?: Partial<McpHandlerOptions>;
}

/** An endpoint under attack, with what it did behind the scenes. */
export interface Stand extends Served {
  /** The user names for which a verifier ran: its length is V. */
  readonly verified: string[];
  /** The tools that ran. */
  readonly ran: string[];
  readonly binding: SessionBinding;
  readonly handler: McpHandler;
}

/** Limiter, Basic, sessions and handler, as a deployment mounts them, on a real port. */
export async function stand(options: StandOptions = {}): Promise<Stand> {
  const verified: string[] = [];
  const ran: string[] = [];
  const { verify = checkPassword, ...hooks } = options.verifier ?? {};
  const verifier: CredentialVerifier<BasicCredentials> = {
    ...hooks,
    verify(credentials, context) {
      verified.push(credentials.username);
      return verify(credentials, context);
    },
  };
  const binding = mcpSessionBinding(options.binding || {});
  const handler = mcpHandler({
    enableJsonResponse: true,
    createServer: ({ principal }) => buildServer(principal, (tool) => ran.push(tool)),
    ...options.handler,
  });
  const served = await serveApp((app) => {
    options.configure?.(app);
    app.use(
      '/mcp',
      ...(options.first ?? []),
      ...(options.limiter === false ? [] : [mcpLoginLimiter(options.limiter)]),
      mcpBasicAuth({ ...options.basic, verifier }),
      ...(options.more ?? []),
      ...(options.binding === false ? [] : [binding]),
      handler,
    );
  });
  return {
    ...served,
    verified,
    ran,
    binding,
    handler,
    async [Symbol.asyncDispose]() {
      await handler.close({ graceMs: 0 });
      await binding.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

export function checkPassword({ username, password }: BasicCredentials): { subject: string } | null {
  return PASSWORDS.get(username) === password ? { subject: `person ${username}` } : null;
}

/** Begins a session and answers its id. */
export async function begin({ url }: { readonly url: URL }, headers: Headers): Promise<string> {
  const reply = await call(url, { headers, body: initialize() });
  expect(reply.status, reply.text).to.equal(200);
  const id = reply.headers['mcp-session-id'];
  if (typeof id !== 'string') throw new Error('initialize was answered without a session id');
  return id;
}

/** Calls the tool `whoami`. */
export function whoami({ url }: { readonly url: URL }, headers: Headers, session?: string): Promise<Reply> {
  return call(url, {
    headers: session === undefined ? headers : { ...headers, 'mcp-session-id': session },
    body: toolCall('whoami'),
  });
}

/** What `whoami` saw, from an answer in JSON or as a stream. */
export function seenIn(text: string): Seen {
  const json = /^data: (.+)$/m.exec(text)?.[1] ?? text;
  const { result } = JSON.parse(json) as { result?: { content?: { text: string }[] } };
  const [content] = result?.content ?? [];
  if (!content) throw new Error(`no answer of whoami: ${text}`);
  return JSON.parse(content.text) as Seen;
}

/** For `configure`: Express believes the loopback peer that it forwards, so that a test can call from any address. */
export function behindProxy(app: Express): void {
  app.set('trust proxy', 'loopback');
}

/** Calls from `address`, where the target stands `behindProxy`. */
export const from = (address: string): Headers => ({ 'x-forwarded-for': address });
