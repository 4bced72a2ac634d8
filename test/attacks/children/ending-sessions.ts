// Begins and ends sessions in every way there is, and prints what is left of them. Needs --expose-gc.
import { randomBytes } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';

import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';

import { mcpBasicAuth, mcpHandler, mcpLoginLimiter, mcpSessionBinding } from '../../../lib/index.js';
import { call, initialize, toolCall } from '../../support/call.js';
import { buildServer } from '../../support/mcp.js';
import { serve } from '../../support/serve.js';
import { person, right } from '../support/people.js';
import { begin, end, hear, on, post, use } from '../support/sessions.js';

/** What is left, as `e6-e7-processes.test.ts` reads it. */
export interface Left {
  /** Sessions that were begun between the two measurements of the heap. */
  readonly begun: number;
  readonly sessions: number;
  /** MCP servers, of every tenth, that something still holds. */
  readonly servers: number;
  /** Logins that were never undone. */
  readonly logins: number;
  /** Bytes in use after as many sessions, and after many more. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  readonly timers: number;
  readonly processListeners: number;
  readonly hasSubscribers: boolean;
}

const COUNT = Number(process.argv[2]);
const AT_ONCE = 20;

const timersOf = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const listenersOf = (): number =>
  process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);

async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 5; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    global.gc?.();
  }
}

async function heap(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().heapUsed;
}

const timersAtFirst = timersOf();
const listenersAtFirst = listenersOf();
const servers: WeakRef<McpServer>[] = [];
let made = 0;
let logins = 0;
let begun = 0;

async function run(): Promise<Left> {
  const sessions = mcpSessionBinding({ maxSessionsPerPrincipal: 1000 });
  const mcp = mcpHandler({
    createServer: ({ principal }) => {
      if (principal.subject === 'carol') throw new Error('no server for carol');
      const server = buildServer(principal);
      // One of ten: what watches them must not be what grows.
      made += 1;
      if (made % 10 === 0) servers.push(new WeakRef(server));
      return server;
    },
    onError: () => {},
  });
  await using served = await serve(
    mcpLoginLimiter(),
    mcpBasicAuth({
      verifier: {
        verify: ({ username, password }) => (password === 'right' ? person(username) : null),
        startSession: (principal) => {
          begun += 1;
          logins += 1;
          return { ...principal, token: randomBytes(64).toString('hex') };
        },
        endSession: () => {
          logins -= 1;
        },
      },
    }),
    sessions,
    mcp,
  );
  const { url } = served;
  const alice = right('alice');

  const leave = (body: object, headers: Readonly<Record<string, string>>, hops: number): Promise<unknown> => {
    const leaving = new AbortController();
    const gone = call(url, { headers, body, signal: leaving.signal }).catch(() => {});
    const hop = (left: number): void => void (left > 0 ? setImmediate(hop, left - 1) : leaving.abort());
    hop(hops);
    return gone;
  };

  const ways: readonly ((i: number) => Promise<unknown>)[] = [
    async () => end(url, alice, await begin(url, alice)),
    async () => sessions.revoke({ sessionId: await begin(url, alice) }),
    async () => {
      const session = await begin(url, alice);
      const stream = await hear(url, alice, session);
      await end(url, alice, session);
      await stream.ended;
    },
    async () => {
      const session = await begin(url, alice);
      const stream = await hear(url, alice, session);
      stream.drop();
      await use(url, alice, session);
      await sessions.revoke({ sessionId: session });
    },
    async (i) => {
      const session = await begin(url, alice);
      await leave(toolCall('whoami'), on(alice, session), i % 12);
      await end(url, alice, session);
    },
    async (i) => leave(initialize(), { authorization: right('dave') }, i % 12),
    async () => call(url, { headers: { authorization: right('carol') }, body: initialize() }),
    async () => {
      const session = await begin(url, alice);
      const stream = await post(url, alice, session, toolCall('echo', { text: 'x'.repeat(1000) }));
      await Promise.all([stream.ended, end(url, alice, session)]);
    },
  ];

  const endMany = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, j) => ways[(i + j) % ways.length]?.(i + j)));
    }
    // Who left while the session was being made may have got one: nobody knows its id.
    await sessions.revoke({ subject: 'dave' });
  };

  // As long as what is measured: by then the process has compiled and cached all that it will.
  await endMany(COUNT);
  const begunBefore = begun;
  const heapBefore = await heap();
  await endMany(COUNT);
  const heapAfter = await heap();
  const left = (await sessions.list()).length;
  const alive = servers.filter((server) => server.deref() !== undefined).length;
  await mcp.close();
  await sessions.close();
  return {
    begun: begun - begunBefore,
    sessions: left,
    servers: alive,
    logins,
    heapBefore,
    heapAfter,
    timers: 0,
    processListeners: 0,
    hasSubscribers: channel('express-mcp-guards').hasSubscribers,
  };
}

const left = await run();
await collectGarbage();
const report: Left = {
  ...left,
  timers: timersOf() - timersAtFirst,
  processListeners: listenersOf() - listenersAtFirst,
};
// The process ends by itself, or something holds it.
console.log(JSON.stringify(report));
