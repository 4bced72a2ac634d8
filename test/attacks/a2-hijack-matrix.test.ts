import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import {
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpSessionBinding,
  type SessionBinding,
} from '../../lib/index.js';
import { call, initialize, toolCall } from '../support/call.js';
import { type Clock, stopClock } from '../support/clock.js';
import { eventStore } from '../support/event-store.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { bearer, passwords, person, right, tokens } from './support/people.js';
import { bodyOf, exchange, MCP_LINES, rawRequest, statusOf, timeless } from './support/raw.js';
import { end, use } from './support/sessions.js';

const IDENTITIES = {
  'Basic A': right('alice'),
  'Basic B': right('bob'),
  'Bearer A': bearer('alice'),
  'Bearer A of another issuer': bearer('alice-of-another-issuer'),
  'the same subject in another tenant': bearer('alice-of-another-tenant'),
  'the same subject in no tenant': bearer('alice-of-no-tenant'),
  none: undefined,
} as const;

type Identity = keyof typeof IDENTITIES;

/** The same (issuer, tenant, subject) is the same person, however they prove it. */
const OWNERS: ReadonlySet<Identity> = new Set(['Basic A', 'Bearer A']);

const METHODS = {
  'POST request': ['POST', JSON.stringify(toolCall('whoami'))],
  'POST notification': ['POST', '{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}'],
  'POST response': ['POST', '{"jsonrpc":"2.0","id":7,"result":{}}'],
  GET: ['GET', ''],
  'GET + Last-Event-ID': ['GET', ''],
  DELETE: ['DELETE', ''],
} as const;

type Method = keyof typeof METHODS;

const SERVED: Readonly<Record<Method, number>> = {
  'POST request': 200,
  'POST notification': 202,
  'POST response': 202,
  GET: 200,
  'GET + Last-Event-ID': 200,
  DELETE: 200,
};

interface Place extends Served {
  readonly sessions: SessionBinding;
  readonly clock: Clock;
  /** How often a tool ran. */
  runs: number;
}

const randomId = (): string => randomBytes(32).toString('base64url');

/** What becomes of a session before the attack, and which ids the attack then sends. */
const STATES: Readonly<Record<string, (place: Place, id: string) => Promise<readonly string[]>>> = {
  live: async (_place, id) => [id],
  deleted: async ({ url }, id) => {
    expect((await end(url, right('alice'), id)).status).to.equal(200);
    return [id];
  },
  'idle-expired': async ({ clock }, id) => {
    clock.advance(600_000);
    return [id];
  },
  'absolute-expired': async ({ clock, url }, id) => {
    for (let hour = 0; hour < 8; hour += 1) {
      await use(url, right('alice'), id, { jsonrpc: '2.0', method: 'notifications/initialized' });
      clock.advance(450_000);
    }
    return [id];
  },
  revoked: async ({ sessions }, id) => {
    expect(await sessions.revoke({ sessionId: id })).to.equal(1);
    return [id];
  },
  random: async () => [randomId()],
  malformed: async () => ['constructor'],
  duplicated: async (_place, id) => [id, id],
  missing: async () => [],
};

async function openPlace(): Promise<Place> {
  const clock = stopClock();
  const sessions = mcpSessionBinding({ idleSeconds: 600, absoluteSeconds: 3600 });
  const served = await serve(
    mcpBasicAuth({ verifier: passwords(['alice', 'bob']) }),
    mcpBearerAuth({
      verifier: tokens({
        alice: person('alice'),
        'alice-of-another-issuer': person('alice', { issuer: 'https://other.example' }),
        'alice-of-another-tenant': person('alice', { tenant: 'south' }),
        'alice-of-no-tenant': { subject: 'alice', issuer: person('alice').issuer ?? '' },
      }),
    }),
    sessions,
    mcpHandler({
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          place.runs += 1;
        }),
      eventStore: eventStore(true),
    }),
  );
  const place: Place = {
    ...served,
    sessions,
    clock,
    runs: 0,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      clock[Symbol.dispose]();
    },
  };
  return place;
}

async function beginWithEvent(url: URL): Promise<{ id: string; event: string }> {
  const { headers, text } = await call(url, {
    headers: { authorization: right('alice') },
    body: initialize(),
  });
  return { id: String(headers['mcp-session-id']), event: /^id: (.+)$/m.exec(text)?.[1] ?? '' };
}

/** A stream that is granted stays open: its head says it all. */
const GRANTED = /^HTTP\/1\.1 200.*\r\n\r\n/s;
/** The SDK keeps the connection of a streamed answer. */
const LAST_CHUNK = /\r\n0\r\n\r\n$/;

function attack(
  port: number,
  identity: Identity,
  method: Method,
  ids: readonly string[],
  event: string,
): Promise<string> {
  const [verb, body] = METHODS[method];
  const authorization = IDENTITIES[identity];
  const lines = [
    ...MCP_LINES,
    'Connection: close',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ...ids.map((id) => `Mcp-Session-Id: ${id}`),
    ...(method === 'GET + Last-Event-ID' ? [`Last-Event-ID: ${event}`] : []),
  ];
  return exchange(port, rawRequest(`${verb} /mcp`, lines, body), verb === 'GET' ? GRANTED : LAST_CHUNK);
}

function expected(identity: Identity, method: Method, state: string): readonly [number, string?] {
  if (identity === 'none') return [401, 'missing_credentials'];
  if (state === 'duplicated') return [400, 'invalid_session_id'];
  if (state === 'missing') return [400, 'session_required'];
  return state === 'live' && OWNERS.has(identity) ? [SERVED[method]] : [404, 'session_not_found'];
}

const NOT_FOUND = [
  'HTTP/1.1 404 Not Found',
  'X-Powered-By: Express',
  'Content-Type: application/json',
  'Cache-Control: no-store',
  'Content-Length: 117',
  'Connection: close',
  '',
  '{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found","data":{"code":"session_not_found"}},"id":null}',
].join('\r\n');

for (const identity of Object.keys(IDENTITIES) as Identity[]) {
  for (const [state, arrive] of Object.entries(STATES)) {
    it(`A2: ${identity}, session ${state}`, async () => {
      await using place = await openPlace();
      for (const method of Object.keys(METHODS) as Method[]) {
        const { id, event } = await beginWithEvent(place.url);
        expect(event, 'an event to resume from').to.match(/^e\d+$/);
        const ids = await arrive(place, id);
        place.runs = 0;

        const reply = timeless(await attack(place.port, identity, method, ids, event));

        const [status, code] = expected(identity, method, state);
        expect(statusOf(reply), `${method}\n${reply}`).to.equal(status);
        if (code) expect(JSON.parse(bodyOf(reply)).error.data.code, method).to.equal(code);
        const isServed = code === undefined;
        expect(place.runs, 'runs of the tool').to.equal(isServed && method === 'POST request' ? 1 : 0);
        if (status === 404) expect(reply, method).to.equal(NOT_FOUND);
        if (identity !== 'none' && state === 'live' && !isServed) {
          const unknown = await attack(place.port, identity, method, [randomId()], event);
          expect(reply, 'foreign = unknown').to.equal(timeless(unknown));
        }
        if (state === 'live' && !(isServed && method === 'DELETE')) {
          expect((await use(place.url, right('alice'), id)).status, `the owner after ${method}`).to.equal(
            200,
          );
        }
      }
    });
  }
}
