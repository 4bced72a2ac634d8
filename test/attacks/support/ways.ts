import { inspect } from 'node:util';

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as McpServer2 } from '@modelcontextprotocol/server';
import type { RequestHandler } from 'express';

import {
  type AuthInfo,
  type CreateServerContext,
  currentPrincipal,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLegacySse,
  mcpSessionBinding,
  type Principal,
  type SessionBinding,
} from '../../../lib/index.js';
import { type EraContext, mcpHandler as mcpHandler2 } from '../../../lib/v2/index.js';
import { type Call, call, initialize, type Reply } from '../../support/call.js';
import { serveApp } from '../../support/serve.js';
import { messagesOf } from '../../support/session.js';
import { type Message, openStream, type Stream } from '../../support/stream.js';
import { modern } from '../../v2/support.js';

export type Credentials = Readonly<Record<string, string>>;

/** What one call came to: the HTTP answer, and the JSON-RPC answer where there is one. */
export interface Outcome {
  readonly reply: Reply;
  readonly answer: Message | undefined;
}

/** One client of one way to speak MCP, in a session where that way has any. */
export interface Caller {
  /** Sends a message; by default as itself, in its own session. */
  send(message: object, sent?: { credentials?: Credentials; id?: string }): Promise<Outcome>;
  /** `undefined` where the way knows no sessions. */
  readonly id: string | undefined;
  /** The stream that is open all along, if any. */
  readonly stream: Stream | undefined;
  /** GET and DELETE that name the session, as somebody. */
  others(credentials: Credentials): Promise<readonly Reply[]>;
}

/** What `whoami` tells of its caller. */
export interface Witness {
  readonly created: string;
  readonly current: string | undefined;
  readonly subject: string | undefined;
  readonly token: string | undefined;
  readonly headers: readonly string[];
  /** What `credentials.get('x-api-key')` answers while the tool runs. */
  readonly key: string | undefined;
  /** What an upstream answers that is asked with `credentials.fetch`. */
  readonly upstream: string | undefined;
  /** What a tool can see of its request and its credentials, by looking at them. */
  readonly looks: string;
}

export interface WayApp extends AsyncDisposable {
  readonly sessions: SessionBinding;
  /** Tools that ran, and for whom. */
  readonly ran: string[];
  open(credentials: Credentials): Promise<Caller>;
}

export interface Way {
  readonly name: string;
  readonly hasSessions: boolean;
  start(...guards: readonly RequestHandler[]): Promise<WayApp>;
}

interface Told {
  readonly authInfo: AuthInfo | undefined;
  readonly headers: Iterable<string>;
  /** All that the SDK hands a tool. */
  readonly extra: unknown;
}

async function witness(context: CreateServerContext, { authInfo, headers, extra }: Told): Promise<string> {
  const { principal, credentials } = context;
  const target = credentials.get('x-upstream');
  const seen: Witness = {
    created: principal.subject,
    current: currentPrincipal()?.subject,
    subject: (authInfo?.extra?.principal as Principal | undefined)?.subject,
    token: authInfo?.token,
    headers: [...headers],
    key: credentials.get('x-api-key'),
    upstream: target === undefined ? undefined : await (await credentials.fetch(target)).text(),
    looks:
      inspect([context, extra], { depth: 8, showHidden: true }) + JSON.stringify([credentials, authInfo]),
  };
  return JSON.stringify(seen);
}

const INFO = { name: 'test', version: '1' } as const;

function first(context: CreateServerContext, ran: string[]): McpServer {
  const server = new McpServer(INFO);
  server.registerTool('whoami', {}, async (extra) => {
    ran.push(String(currentPrincipal()?.subject));
    const { authInfo, requestInfo } = extra;
    const text = await witness(context, {
      authInfo,
      headers: Object.keys(requestInfo?.headers ?? {}),
      extra,
    });
    return { content: [{ type: 'text', text }] };
  });
  return server;
}

function second(context: CreateServerContext, ran: string[]): McpServer2 {
  const server = new McpServer2(INFO);
  server.registerTool('whoami', {}, async (extra) => {
    ran.push(String(currentPrincipal()?.subject));
    const { authInfo, req } = extra.http ?? {};
    const told = { authInfo, headers: req?.headers.keys() ?? [], extra: [extra, req?.url] };
    return { content: [{ type: 'text', text: await witness(context, told) }] };
  });
  return server;
}

/** Basic with the password `right`; a Bearer token is `subject`, `subject.issuer.tenant` or `subject#version`. */
const identities = (): RequestHandler[] => [
  mcpBasicAuth({
    verifier: ({ username, password }) => (password === 'right' ? { subject: username } : null),
  }),
  mcpBearerAuth({
    verifier: ({ token }) => {
      const [subject = '', issuer, tenant] = token.replace(/~.*/, '').split('.');
      return { subject, token, ...(issuer && { issuer }), ...(tenant && { tenant }) };
    },
  }),
];

interface Mounted {
  readonly handler: RequestHandler & { close(options?: { graceMs?: number }): Promise<void> };
  readonly paths: string[];
}

function way(
  name: string,
  hasSessions: boolean,
  mount: (ran: string[]) => Mounted,
  open: (base: URL, credentials: Credentials) => Promise<Caller>,
): Way {
  return {
    name,
    hasSessions,
    async start(...guards) {
      const ran: string[] = [];
      const sessions = mcpSessionBinding();
      const { handler, paths } = mount(ran);
      const served = await serveApp((app) => {
        app.use(paths, ...(guards.length > 0 ? guards : identities()), sessions, handler);
      });
      return {
        sessions,
        ran,
        open: (credentials) => open(new URL(`http://127.0.0.1:${served.port}`), credentials),
        async [Symbol.asyncDispose]() {
          await handler.close({ graceMs: 0 });
          await sessions.close();
          await served[Symbol.asyncDispose]();
        },
      };
    },
  };
}

const outcome = (reply: Reply): Outcome => ({
  reply,
  answer: reply.status === 200 ? messagesOf(reply).find(({ id }) => id !== undefined) : undefined,
});

async function streamable(base: URL, credentials: Credentials): Promise<Caller> {
  const url = new URL('/mcp', base);
  const { headers } = await call(url, { headers: credentials, body: initialize() });
  const id = String(headers['mcp-session-id']);
  return {
    id,
    stream: undefined,
    async send(body, sent = {}) {
      const named = { ...(sent.credentials ?? credentials), 'mcp-session-id': sent.id ?? id };
      return outcome(await call(url, { headers: named, body }));
    },
    others: (somebody) => {
      const named = { ...somebody, 'mcp-session-id': id };
      return Promise.all([
        call(url, { method: 'GET', headers: named }),
        call(url, { method: 'GET', headers: { ...named, 'last-event-id': '1' } }),
        call(url, { method: 'DELETE', headers: named }),
      ]);
    },
  };
}

async function sessionless(base: URL, credentials: Credentials): Promise<Caller> {
  const url = new URL('/mcp', base);
  return {
    id: undefined,
    stream: undefined,
    async send(message, sent = {}) {
      const { method, params, id } = message as { method: string; params?: object; id?: number };
      const request: Call = modern(sent.credentials ?? credentials, method, { ...params }, id);
      return outcome(
        await call(url, {
          ...request,
          headers: { ...request.headers, ...(sent.id && { 'mcp-session-id': sent.id }) },
        }),
      );
    },
    others: async () => [],
  };
}

async function legacySse(base: URL, credentials: Credentials): Promise<Caller> {
  const get: Call = { method: 'GET', headers: { ...credentials, accept: 'text/event-stream' } };
  const stream = await openStream(new URL('/sse', base), get);
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (/^data: /m.test(stream.text)) resolve();
    };
    stream.response.on('data', look).once('close', () => reject(new Error(`no endpoint: ${stream.text}`)));
    look();
  });
  const path = /^data: (.*)$/m.exec(stream.text)?.[1] ?? '';
  const own = new URL(path, base).searchParams.get('sessionId') ?? '';
  const caller: Caller = {
    id: own,
    stream,
    async send(body, sent = {}) {
      const before = stream.text.length;
      const reply = await call(base, {
        headers: sent.credentials ?? credentials,
        body,
        path: `/messages?sessionId=${sent.id ?? own}`,
      });
      const { id } = body as { id?: number };
      const isMine = sent.id === undefined || sent.id === own;
      const answer =
        reply.status === 202 && id !== undefined && isMine ? await messageOf(stream, id, before) : undefined;
      return { reply, answer };
    },
    others: async () => [],
  };
  await caller.send(initialize(0));
  return caller;
}

async function messageOf(stream: Stream, id: number, from: number): Promise<Message> {
  // Events that name the endpoint are no JSON: read the messages alone.
  const find = (): Message | undefined =>
    stream.text
      .slice(from)
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => block.startsWith('event: message'))
      .map((block) => JSON.parse(block.slice(block.indexOf('data: ') + 6)) as Message)
      .find((message) => message.id === id);
  const deadline = performance.now() + 5000;
  for (;;) {
    const found = find();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`no answer to ${id}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const SSE_PATHS = { paths: ['/sse', '/messages'] };
const MESSAGES = { messagesPath: '/messages' };
const MCP = { paths: ['/mcp'] };

/** Every way in which a client can speak MCP to a guarded app. */
export const WAYS: readonly Way[] = [
  way(
    '2025-11-25 on v1',
    true,
    (ran) => ({ ...MCP, handler: mcpHandler({ createServer: (context) => first(context, ran) }) }),
    streamable,
  ),
  way(
    '2025-11-25 on v2',
    true,
    (ran) => ({
      ...MCP,
      handler: mcpHandler2({ createServer: (context: EraContext) => second(context, ran) }),
    }),
    streamable,
  ),
  way(
    '2026-07-28',
    false,
    (ran) => ({
      ...MCP,
      handler: mcpHandler2({ createServer: (context: EraContext) => second(context, ran) }),
    }),
    sessionless,
  ),
  way(
    'HTTP+SSE on v1',
    true,
    (ran) => ({
      ...SSE_PATHS,
      handler: mcpLegacySse({ ...MESSAGES, createServer: (context) => first(context, ran) }),
    }),
    legacySse,
  ),
  way(
    'HTTP+SSE on v2',
    true,
    (ran) => ({
      ...SSE_PATHS,
      handler: mcpLegacySse({ ...MESSAGES, createServer: (context) => second(context, ran) }),
    }),
    legacySse,
  ),
];

export const WHOAMI = (id = 3): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'whoami', arguments: {} },
});

export function witnessOf({ answer, reply }: Outcome): Witness {
  const [content] = (answer?.result?.content ?? []) as { readonly text?: string }[];
  if (content?.text === undefined)
    throw new Error(`no result: ${reply.status} ${reply.text} ${JSON.stringify(answer)}`);
  return JSON.parse(content.text) as Witness;
}
