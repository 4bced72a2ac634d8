import type { Agent, IncomingMessage } from 'node:http';

import type { Random } from '../support/random.js';
import { basic, CLIENT_TOKEN, type Person } from './people.js';
import type { Tally } from './tally.js';
import { ask, begun, INITIALIZE, INITIALIZED, inSession, open, toolCall } from './wire.js';

/** A session that a caller has begun. */
export interface Held {
  readonly id: string;
  readonly person: Person;
  /** Where it is served, if not at `/mcp`. */
  readonly path?: string | undefined;
}

export interface Scene {
  readonly port: number;
  readonly agent: Agent;
  readonly chance: Random;
  readonly tally: Tally;
}

const LIVE = [200, 404] as const;
/** A call that its caller leaves goes on. */
export const LONGEST_CALL_MS = 1000;
const headersOf = ({ person, id }: Held): Record<string, string> => ({ ...person.headers, ...inSession(id) });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function begin(
  { port, agent, tally }: Scene,
  person: Person,
  path?: string,
): Promise<Held | undefined> {
  const post = { port, agent, method: 'POST', path } as const;
  const reply = await ask({ ...post, headers: person.headers, message: INITIALIZE });
  tally.expect('initialize', reply.status, 200);
  const id = reply.headers['mcp-session-id'];
  if (typeof id !== 'string') return undefined;
  const held = { id, person, path };
  const said = await ask({ ...post, headers: headersOf(held), message: INITIALIZED });
  tally.expect('initialized', said.status, 202, 404);
  return held;
}

/** Every answer names the one who asks. */
export async function whoami({ port, agent, tally }: Scene, held: Held): Promise<boolean> {
  const message = toolCall('whoami');
  const headers = headersOf(held);
  const { status, text } = await ask({ port, agent, method: 'POST', path: held.path, headers, message });
  tally.expect('whoami', status, ...LIVE);
  if (status === 200 && !text.includes(`I am ${held.person.subject}.`))
    tally.fault('somebody else was served');
  return status === 200;
}

/** Somebody else shows up with the session's id. */
export async function steal({ port, agent, tally }: Scene, held: Held, thief: Person): Promise<void> {
  const headers = headersOf({ id: held.id, person: thief });
  const { status } = await ask({ port, agent, method: 'POST', headers, message: toolCall('whoami') });
  tally.expect('theft', status, 404);
}

export async function end({ port, agent, tally }: Scene, held: Held): Promise<void> {
  const { status } = await ask({ port, agent, method: 'DELETE', headers: headersOf(held) });
  tally.expect('DELETE', status, ...LIVE);
}

/** From an address of its own, at the account of nobody: whom that locks out is not honest. */
export async function guess({ port, chance, tally }: Scene): Promise<void> {
  const nobody = `nobody-${chance.between(0, 1e9)}`;
  const headers = { Authorization: basic(nobody, 'a guess'), 'X-MCP-Token': CLIENT_TOKEN };
  const from = `127.1.${chance.between(0, 20)}.${chance.between(1, 250)}`;
  const { status } = await ask({
    ...{ port, from, headers, agent: false, method: 'POST', message: INITIALIZE },
  });
  tally.expect('guess', status, 401, 429);
}

/** Leaves in the middle of a call, or of the body of one. */
export async function abort({ port, chance, tally }: Scene, held: Held): Promise<void> {
  const isWhole = chance.next() < 0.5;
  const asking = { port, agent: false as const, method: 'POST' as const, headers: headersOf(held) };
  const request = open({ ...asking, message: toolCall('wait', { ms: LONGEST_CALL_MS }) }, isWhole ? 1 : 0.5);
  const answered = begun(request).then(
    (response) => response.resume(),
    () => {},
  );
  await pause(chance.between(1, 40));
  request.destroy();
  await answered;
  tally.count('abort', isWhole ? 'in a call' : 'in a body');
}

/** Asks for megabytes, and reads none of them, or a little now and then. */
export async function readSlowly({ port, chance, tally }: Scene, held: Held): Promise<void> {
  const message = toolCall('flood', { events: 500 });
  const request = open({ port, agent: false, method: 'POST', headers: headersOf(held), message });
  const response = await answer(request);
  if (!response) return;
  tally.expect('slow reader', response.statusCode ?? 0, ...LIVE);
  const isStill = chance.next() < 0.5;
  for (let n = 0; n < 5 && !response.destroyed; n += 1) {
    await pause(20);
    if (!isStill) response.read(1024);
  }
  response.destroy();
}

/** Listens for a while, then leaves without a word. */
export async function listen({ port, chance, tally }: Scene, held: Held): Promise<void> {
  const request = open({ port, agent: false, method: 'GET', headers: headersOf(held) });
  const response = await answer(request);
  if (!response) return;
  // One stream for each session: another one may have been opened by chance.
  tally.expect('GET', response.statusCode ?? 0, ...LIVE, 409);
  response.resume();
  await pause(chance.between(1, 300));
  response.destroy();
}

/** The answer as it begins, with its connection's end of no importance. */
async function answer(request: ReturnType<typeof open>): Promise<IncomingMessage | undefined> {
  const response = await begun(request).catch(() => undefined);
  request.on('error', () => {});
  response?.on('error', () => {});
  return response;
}
