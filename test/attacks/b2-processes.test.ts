import { expect } from 'chai';

import { basic, call, initialize } from '../support/call.js';
import { needsRedis } from '../support/redis.js';
import { clientKind, clientKinds, ownPrefix, removeKeys } from '../support/redis-clients.js';
import { type Child, start } from './support/child.js';
import { flood, MCP_LINES, rawRequest } from './support/raw.js';

/** Processes that count failed logins in one Redis, under a prefix of their own. */
interface Fleet extends AsyncDisposable {
  readonly ports: readonly number[];
  /** Calls of the verifier in all processes: V. */
  verifications(): Promise<number>;
}

/** One process for each of `kinds` of clients. */
async function openFleet(kinds: readonly string[], points: number): Promise<Fleet> {
  const prefix = ownPrefix();
  const children: Child[] = kinds.map((kind) => start('counted-logins', prefix, String(points), kind));
  const kill = (): void => {
    for (const child of children) child[Symbol.dispose]();
  };
  try {
    const ports = await Promise.all(
      children.map(async (child) => (await child.line<{ port: number }>()).port),
    );
    return {
      ports,
      async verifications() {
        const counts = await Promise.all(
          ports.map(async (port) => {
            const { text } = await call(new URL(`http://127.0.0.1:${port}/verifications`), { method: 'GET' });
            return Number(text);
          }),
        );
        return counts.reduce((sum, count) => sum + count, 0);
      },
      async [Symbol.asyncDispose]() {
        kill();
        using held = await clientKind('redis 6').open();
        await removeKeys(held, prefix);
      },
    };
  } catch (error) {
    kill();
    throw error;
  }
}

const guess = (password: string): string =>
  rawRequest('GET /mcp', [...MCP_LINES, `Authorization: ${basic('alice', password)}`]);

const login = (port: number, username: string, password: string) =>
  call(new URL(`http://127.0.0.1:${port}/mcp`), {
    headers: { authorization: basic(username, password) },
    body: initialize(),
  });

describe('several processes with one Redis', () => {
  before(async function () {
    await needsRedis(this);
  });

  it('B2: 10,000 wrong passwords at once for one account, at 4 processes: V ≤ points in all', async () => {
    await using fleet = await openFleet(
      clientKinds.map(({ name }) => name),
      5,
    );
    const tallies = await Promise.all(
      fleet.ports.map((port, at) =>
        flood(
          port,
          Array.from({ length: 2500 }, (_, i) => guess(`wrong ${at} ${i}`)),
        ),
      ),
    );
    const count = (status: number): number =>
      tallies.reduce((sum, tally) => sum + (tally.get(status) ?? 0), 0);
    expect(await fleet.verifications()).to.equal(5);
    expect(count(401)).to.equal(5);
    expect(count(401) + count(429) + count(503)).to.equal(10_000);
    for (const port of fleet.ports) expect((await login(port, 'alice', 'right')).status).to.equal(429);
    expect(await fleet.verifications()).to.equal(5);
  }).timeout(150_000);

  it('B2: 200 right passwords at once, at 2 processes that may try one at a time: 200 × 200', async () => {
    await using fleet = await openFleet(['redis 6', 'ioredis 6'], 1);
    const calls = Array.from({ length: 100 }, () => fleet.ports.map((port) => login(port, 'alice', 'right')));
    const statuses = (await Promise.all(calls.flat())).map(({ status }) => status);
    expect(statuses).to.deep.equal(Array(200).fill(200));
    expect(await fleet.verifications()).to.equal(2);
  }).timeout(150_000);
});
