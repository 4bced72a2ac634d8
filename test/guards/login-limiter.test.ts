import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  type BasicCredentials,
  type LoginKeyName,
  type LoginKeys,
  type LoginLimiterOptions,
  type LoginStore,
  MemoryLoginStore,
  mcpBasicAuth,
  mcpLoginLimiter,
} from '../../lib/index.js';
import { basic, call, type Reply } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { bad, checksOptions } from '../support/options.js';
import { BASIC, expectRefusal } from '../support/refusal.js';
import { type Served, serve } from '../support/serve.js';
import { tell } from '../support/tell.js';

const verifier = ({ username, password }: BasicCredentials) =>
  password === 'right' ? { subject: username } : null;
const CHALLENGES = { challenges: [BASIC] };

const serveLimited = (options?: LoginLimiterOptions, ...before: RequestHandler[]): Promise<Served> =>
  serve(...before, options ? mcpLoginLimiter(options) : mcpLoginLimiter(), mcpBasicAuth({ verifier }), tell);

const login = (
  url: URL,
  username: string,
  password: string,
  headers: Record<string, string> = {},
): Promise<Reply> => call(url, { headers: { ...headers, authorization: basic(username, password) } });

describe('mcpLoginLimiter', () => {
  const { count, seconds, callback } = bad;
  checksOptions(
    'mcpLoginLimiter',
    mcpLoginLimiter,
    {},
    {
      points: count,
      durationSeconds: seconds,
      keys: [[], 'ip', ['ip', 'port'], [''], null, { 0: 'ip' }],
      store: [null, 'redis', {}, { reserve() {} }, { reserve: 1, settle: 1 }, () => {}],
      clientKey: callback,
      maxWaiting: count,
    },
  );

  it('passes everybody itself', async () => {
    await using served = await serve(mcpLoginLimiter({ points: 1 }), tell);
    for (const authorization of ['', 'Basic', basic('a', 'b'), 'Bearer x']) {
      expect((await call(served.url, { headers: { authorization } })).json).to.include({ principal: null });
    }
  });

  it('allows five failures a minute by default', async () => {
    using clock = stopClock();
    await using served = await serveLimited();
    for (const guess of ['1', '2', '3', '4', '5']) {
      expectRefusal(await login(served.url, 'ann', guess), 'invalid_credentials', CHALLENGES);
    }
    expectRefusal(await login(served.url, 'ann', '6'), 'too_many_attempts', { retryAfter: '60' });
    clock.advance(45_500);
    expectRefusal(await login(served.url, 'ann', 'right'), 'too_many_attempts', { retryAfter: '15' });
    clock.advance(14_500);
    expect((await login(served.url, 'ann', 'right')).status).to.equal(200);
  });

  it('allows as many as it is told, for as long as it is told', async () => {
    using clock = stopClock();
    await using served = await serveLimited({ points: 2, durationSeconds: 600 });
    await login(served.url, 'ann', '1');
    await login(served.url, 'ann', '2');
    expectRefusal(await login(served.url, 'ann', 'right'), 'too_many_attempts', { retryAfter: '600' });
    clock.advance(599_999);
    expectRefusal(await login(served.url, 'ann', 'right'), 'too_many_attempts', { retryAfter: '1' });
    clock.advance(1);
    expect((await login(served.url, 'ann', 'right')).status).to.equal(200);
  });

  describe('keys', () => {
    type Attempts = readonly (readonly [account: string, source: string, status: number])[];
    const cases: readonly (readonly [readonly LoginKeyName[], Attempts])[] = [
      [
        ['ip'],
        [
          ['ann', 'here', 401],
          ['ben', 'here', 429],
          ['ann', 'there', 401],
        ],
      ],
      [
        ['account'],
        [
          ['ann', 'here', 401],
          ['ben', 'here', 401],
          ['ann', 'there', 429],
        ],
      ],
      [
        ['ip+account'],
        [
          ['ann', 'here', 401],
          ['ben', 'here', 401],
          ['ann', 'there', 401],
          ['ann', 'here', 429],
        ],
      ],
    ];
    for (const [keys, attempts] of cases) {
      it(`counts on ${keys} alone, where told`, async () => {
        const clientKey: LoginLimiterOptions['clientKey'] = ({ headers }) => String(headers['x-source']);
        await using served = await serveLimited({ points: 1, keys, clientKey });
        for (const [i, [account, source, status]] of attempts.entries()) {
          const reply = await login(served.url, account, `wrong ${i}`, { 'x-source': source });
          expect(reply.status, `${account} from ${source}`).to.equal(status);
        }
      });
    }
  });

  it('asks the store it is given, with its budget, and shows it no name', async () => {
    const asked: unknown[] = [];
    const memory = new MemoryLoginStore();
    const store: LoginStore = {
      reserve: (keys, budget) => {
        asked.push({ keys, budget });
        return memory.reserve(keys, budget);
      },
      settle: (...settled) => memory.settle(...settled),
    };
    await using served = await serveLimited({ store, points: 3, durationSeconds: 7 });
    await login(served.url, 'ann@example.com', 'wrong');
    const [{ keys, budget }] = asked as [{ keys: LoginKeys; budget: unknown }];
    expect(budget).to.deep.equal({ points: 3, durationSeconds: 7 });
    expect(Object.keys(keys)).to.have.members(['ip', 'ipAccount', 'account']);
    for (const key of Object.values(keys)) expect(key).to.match(/^[\w-]{43}$/);
    expect(JSON.stringify(asked)).to.not.match(/ann|example|127\.0/);
  });

  for (const maxWaiting of [1, 2]) {
    it(`lets ${maxWaiting} attempts wait for those in flight, where told, and refuses the next`, async () => {
      const answer = gate<null>();
      const waiting = { now: 0 };
      const inner = new MemoryLoginStore();
      const store: LoginStore = {
        reserve: async (keys, budget) => {
          const reservation = await inner.reserve(keys, budget);
          if (reservation.status === 'busy') waiting.now += 1;
          return reservation;
        },
        settle: (...settled) => inner.settle(...settled),
      };
      await using served = await serve(
        mcpLoginLimiter({ points: 1, maxWaiting, keys: ['ip'], store }),
        mcpBasicAuth({ verifier: () => answer.opened }),
        tell,
      );
      const first = login(served.url, 'u0', 'x');
      const held = Array.from({ length: maxWaiting }, async (_, i) => {
        await until('the one before waits', () => waiting.now >= i);
        return login(served.url, `u${i + 1}`, 'x');
      });
      await until('all of them wait', () => waiting.now === maxWaiting);
      expectRefusal(await login(served.url, 'late', 'x'), 'unavailable');
      answer.open(null);
      expect((await first).status).to.equal(401);
      for (const reply of await Promise.all(held)) expect(reply.status).to.equal(429);
    });
  }
});
