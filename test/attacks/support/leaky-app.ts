import { inspect } from 'node:util';

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Request, RequestHandler } from 'express';

import {
  type BasicCredentials,
  type BearerCredentials,
  type CredentialVerifier,
  McpGuardError,
  type McpHandler,
  MemoryLoginStore,
  MemorySessionStore,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpPassport,
  mcpSessionBinding,
  mcpTlsGuard,
  mcpTokenGuard,
  type Principal,
  type SessionBinding,
} from '../../../lib/index.js';
import { type Served, serveApp } from '../../support/serve.js';
import { shown } from './canaries.js';

/** What goes wrong is told by the first word of a user name, or of a token: `throws.…`. */
export const FAULTS = [
  ...['ok', 'wrong', 'throws', 'throws-cause', 'throws-object', 'forbidden', 'nonsense', 'slow', 'expired'],
  ...['inactive', 'active-throws', 'start-throws', 'start-stranger', 'start-forbids', 'end-throws'],
  ...['create-throws', 'create-forbids', 'create-nonsense', 'store-throws', 'limiter-throws'],
] as const;

export interface LeakyApp extends Served {
  readonly binding: SessionBinding;
  readonly handler: McpHandler;
  /** Everything that the package made, and what it keeps things in. */
  readonly parts: readonly unknown[];
}

export interface LeakyOptions {
  /** Shared tokens that are right. */
  readonly tokens: readonly string[];
  /** Hears what user code can write of what it is given. */
  hear(channel: string, text: string): void;
  /** Hears of the id of every session as it is made. */
  onSession(id: string): void;
  secret(): string;
}

const faultOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf('.')));
const nameOf = (credentials: BasicCredentials | BearerCredentials): string =>
  'token' in credentials ? credentials.token : credentials.username;
const spill = (secret: string): Error =>
  Object.assign(new Error(`refused ${secret}`, { cause: new Error(`because of ${secret}`) }), {
    config: { headers: { authorization: `Bearer ${secret}` } },
    response: { body: secret },
  });

/** An endpoint with every guard, whose own parts fail in every way with secrets in what they throw. */
export async function leakyApp({ tokens, hear, onSession, secret }: LeakyOptions): Promise<LeakyApp> {
  const faults = new Map<string, string>();
  let people = 0;

  const fails = (principal: Principal, ...names: readonly string[]): boolean =>
    names.includes(faults.get(principal.subject) ?? '');
  const verifier: CredentialVerifier<BasicCredentials> & CredentialVerifier<BearerCredentials> = {
    async verify(credentials: BasicCredentials | BearerCredentials, { signal }) {
      hear('verify', shown(credentials));
      const name = nameOf(credentials);
      const password = 'token' in credentials ? credentials.token : credentials.password;
      const fault = faultOf(name);
      if (fault === 'wrong') return null;
      if (fault === 'throws') throw spill(password);
      if (fault === 'throws-cause') throw new McpGuardError('unavailable', { cause: spill(password) });
      if (fault === 'throws-object') throw { password, name };
      if (fault === 'forbidden') throw new McpGuardError('forbidden', { cause: spill(password) });
      if (fault === 'nonsense') return { subject: '', password, token: password } as Principal;
      if (fault === 'slow') {
        await new Promise<void>((_, reject) => {
          signal.addEventListener('abort', () => reject(spill(password)));
        });
      }
      people += 1;
      const subject = `person ${people}`;
      faults.set(subject, fault);
      return {
        subject,
        token: password,
        scopes: ['mcp'],
        claims: { role: 'reader' },
        ...(fault === 'expired' && { expiresAt: 1 }),
      };
    },
    isActive(principal) {
      hear('isActive', shown(principal));
      if (fails(principal, 'active-throws')) throw spill(secret());
      return !fails(principal, 'inactive');
    },
    async startSession(principal, { credentials, sessionId }) {
      hear('startSession', shown([principal, credentials]));
      if (fails(principal, 'start-throws')) throw spill(sessionId + secret());
      if (fails(principal, 'start-forbids')) throw new McpGuardError('forbidden', { cause: spill(secret()) });
      if (fails(principal, 'start-stranger')) return { subject: secret(), token: secret() };
      return { ...principal, token: secret() };
    },
    async endSession(principal, { reason }) {
      hear('endSession', shown([principal, reason]));
      if (fails(principal, 'end-throws')) throw spill(secret());
    },
  };

  const logins = new MemoryLoginStore();
  const records = new MemorySessionStore();
  const limiter = mcpLoginLimiter({
    points: 1_000_000,
    store: {
      reserve: (keys, budget) => {
        hear('login store', shown(keys));
        return logins.reserve(keys, budget);
      },
      settle: (reservation, outcome, budget) => {
        hear('login store', shown([reservation, outcome]));
        // A limiter that fails does so for no reason that it can see.
        if (people % 17 === 16) throw spill(secret());
        return logins.settle(reservation, outcome, budget);
      },
    },
  });
  const binding = mcpSessionBinding({
    recheckSeconds: 1,
    store: {
      // Then a record holds what another node needs to go on with a session, the token that came with it among that.
      shared: true,
      create: (record, limits) => {
        onSession(record.id);
        if (faults.get(record.principal.subject) === 'store-throws') throw spill(JSON.stringify(record));
        return records.create(record, limits);
      },
      get: (id) => records.get(id),
      update: (id, changes) => records.update(id, changes),
      delete: (id, reason) => records.delete(id, reason),
      list: (filter) => records.list(filter),
    },
  });
  const strategy = {
    authenticate(
      this: { success(user: object): void; fail(): void; error(error: unknown): void; pass(): void },
      request: Request,
    ) {
      const key = String(request.headers['x-api-key']);
      const fault = faultOf(key);
      if (fault === 'throws') this.error(spill(key));
      else if (fault === 'wrong') this.fail();
      else if (fault === 'nonsense') throw spill(key);
      else if (fault === 'ok') this.success({ key, password: key });
      else this.pass();
    },
  };
  const look =
    (where: string): RequestHandler =>
    (request, _response, next) => {
      const { auth, user } = request as unknown as { auth: unknown; user: unknown };
      hear(where, shown([auth, user]));
      next();
    };
  const handler = mcpHandler({
    createTimeoutMs: 200,
    createServer: ({ principal, sessionId, signal }) => {
      hear('createServer', shown([principal, signal, typeof sessionId]));
      if (fails(principal, 'create-throws')) throw spill(`${sessionId} ${principal.token}`);
      if (fails(principal, 'create-forbids'))
        throw new McpGuardError('forbidden', { cause: spill(secret()) });
      if (fails(principal, 'create-nonsense')) return { secret: secret() } as unknown as McpServer;
      const server = new McpServer({ name: 'leaky', version: '1' });
      server.registerTool('look', {}, ({ authInfo, requestInfo }) => {
        hear('tool', shown([authInfo, requestInfo]));
        return { content: [{ type: 'text', text: shown([authInfo, requestInfo]) }] };
      });
      return server;
    },
  });
  const guards = [
    mcpOriginGuard(),
    mcpTlsGuard(),
    limiter,
    mcpTokenGuard({
      token: () => {
        if (people % 13 === 12) throw spill(tokens.join());
        return tokens;
      },
    }),
    mcpBasicAuth({ verifier, timeoutMs: 100, maxConcurrent: 1000 }),
    mcpBearerAuth({ verifier, timeoutMs: 100, maxConcurrent: 1000, requiredScopes: ['mcp'] }),
    mcpPassport(strategy, {
      scheme: 'X-API-Key',
      toPrincipal: ({ key }: { key: string }) => ({ subject: 'a machine', token: key }),
    }),
    look('after the proof'),
    binding,
    look('after the binding'),
    handler,
  ];
  const served = await serveApp((app) => app.use('/mcp', witness(hear), ...guards));
  return Object.assign(served, {
    binding,
    handler,
    parts: [guards, logins, records, binding, handler, verifier],
  });
}

/** Looks at a request when it is over, whatever became of it: at all of it but what Express itself put there. */
function witness(hear: LeakyOptions['hear']): RequestHandler {
  let seen = 0;
  return (request, response, next) => {
    const before = new Set(Reflect.ownKeys(request));
    response.once('close', () => {
      for (const key of Reflect.ownKeys(request)) {
        if (before.has(key) || key === 'body') continue;
        const value: unknown = Reflect.get(request, key);
        // What is not enumerable is shown by nobody who does not ask for it.
        const isVisible = Object.prototype.propertyIsEnumerable.call(request, key);
        const text = isVisible ? shown(value) : inspect(value, { depth: 10, showHidden: true });
        hear(`request.${String(key)}`, text);
      }
      // All of it is a quarter of a megabyte of text: one in 20 is enough.
      seen += 1;
      if (seen % 20 === 0) hear('request', showWithoutHeaders(request));
    });
    next();
  };
}

function showWithoutHeaders(request: Request): string {
  const blank = {
    headers: {},
    rawHeaders: [],
    url: '/',
    originalUrl: '/',
    body: undefined,
    _parsedUrl: undefined,
    // Its head names the session to the session's own client.
    res: undefined,
  };
  const own = Object.fromEntries(Object.keys(blank).map((key) => [key, Reflect.get(request, key)]));
  Object.assign(request, blank);
  try {
    return inspect(request, { depth: 10, showHidden: true });
  } finally {
    Object.assign(request, own);
  }
}
