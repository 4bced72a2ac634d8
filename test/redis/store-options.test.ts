import { expect } from 'chai';

import { rule } from '../../lib/options.js';
import { Script } from '../../lib/redis/script.js';
import { openStore, type RedisStoreOptions } from '../../lib/redis/store-options.js';
import { fakeClient } from '../support/redis-clients.js';

const client = fakeClient(async () => 'done');
const opening = (options: object, rules?: Parameters<typeof openStore>[2]) => () =>
  openStore('aStore', options as RedisStoreOptions, rules);

describe('the options of every store over Redis', () => {
  it('are a client, and what has a default', () => {
    expect(openStore('aStore', { client }).prefix).to.equal('mcp');
    expect(openStore('aStore', { client, prefix: 'app' }).prefix).to.equal('app');
  });

  for (const [timeoutMs, waits] of [
    [undefined, 200],
    [30, 30],
  ] as const) {
    it(`wait ${waits} ms where timeoutMs is ${timeoutMs}`, async () => {
      const { setTimeout: real } = globalThis;
      const waited: (number | undefined)[] = [];
      globalThis.setTimeout = ((run: () => void, ms?: number) => {
        waited.push(ms);
        return real(run, ms);
      }) as unknown as typeof setTimeout;
      try {
        const options = { client, ...(timeoutMs !== undefined && { timeoutMs }) };
        await openStore('aStore', options).connection.run(new Script('return 1'), [], []);
      } finally {
        globalThis.setTimeout = real;
      }
      expect(waited).to.deep.equal([waits]);
    });
  }

  it('are refused in the name of the store', () => {
    for (const [options, message] of [
      [{}, 'option "client" must be a client of the package redis or ioredis'],
      [{ client: {} }, 'option "client" must be a client of the package redis or ioredis'],
      ...['', '{', 'a}b', 'a{b', 7, null].map(
        (prefix) =>
          [{ client, prefix }, 'option "prefix" must be a non-empty string without { and }'] as const,
      ),
      [{ client, timeoutMs: 0 }, 'option "timeoutMs" must be a positive number of milliseconds'],
      [{ client, other: 1 }, 'unknown option "other"'],
    ] as const) {
      expect(opening(options)).to.throw(TypeError, `aStore: ${message}`);
    }
    expect(opening(undefined as never)).to.throw(TypeError, 'aStore: options must be an object');
  });

  it('may be more, by rules of the store', () => {
    const rules = { more: rule.count };
    expect(openStore('aStore', { client, more: 1 } as never, rules).prefix).to.equal('mcp');
    expect(opening({ client, more: 0 }, rules)).to.throw(TypeError, 'aStore: option "more" must be');
  });
});
