import { setImmediate as turn } from 'node:timers/promises';

import { expect } from 'chai';

import { isReady, type RedisClient } from '../../lib/redis/client.js';
import { DeleteTokens } from '../../lib/redis/delete-tokens.js';
import { Namespace } from '../../lib/redis/session-namespace.js';
import { openRecord, openRecords } from '../../lib/redis/session-record.js';
import { subscribe } from '../../lib/redis/subscriber.js';
import { Undoing } from '../../lib/redis/undoing.js';

/** Timeouts that are over at once, in the order of their making. */
function hurried(): Disposable & { readonly waits: readonly number[] } {
  const { setTimeout: real } = globalThis;
  const waits: number[] = [];
  globalThis.setTimeout = ((run: () => void, ms: number) => {
    waits.push(ms);
    setImmediate(run);
    return { unref: () => {} };
  }) as unknown as typeof setTimeout;
  return {
    waits,
    [Symbol.dispose]() {
      globalThis.setTimeout = real;
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await turn();
}

describe('what a Redis store is made of', () => {
  describe('doing again what has to be done', () => {
    it('tries until it is done, and waits longer each time, but not for ever', async () => {
      using timeouts = hurried();
      let attempts = 0;
      new Undoing().start(async () => {
        attempts += 1;
        throw new Error('away');
      });
      await turns(60);
      expect(attempts).to.equal(12);
      expect(timeouts.waits.slice(0, 4)).to.deep.equal([250, 500, 1000, 2000]);
      expect(timeouts.waits.at(-1)).to.equal(30_000);
    });

    it('is over with the first attempt that succeeds', async () => {
      using _timeouts = hurried();
      let attempts = 0;
      new Undoing().start(async () => {
        attempts += 1;
        if (attempts < 3) throw new Error('away');
      });
      await turns(30);
      expect(attempts).to.equal(3);
    });

    for (const when of ['before it is rejected', 'while the next is waited for'] as const) {
      it(`is over where an attempt turns out to be done ${when}`, async () => {
        using _timeouts = hurried();
        let attempts = 0;
        new Undoing().start(async (onDone) => {
          attempts += 1;
          if (when === 'before it is rejected') onDone();
          else process.nextTick(() => setImmediate(onDone));
          throw new Error('no answer in time');
        });
        await turns(30);
        expect(attempts).to.be.at.most(2);
      });
    }

    it('does no more than a thousand at once', () => {
      using timeouts = hurried();
      const undoing = new Undoing();
      for (let n = 0; n < 1100; n += 1) undoing.start(async () => {});
      expect(timeouts.waits).to.have.length(1000);
    });
  });

  describe('the tokens of deletions', () => {
    it('are those of all that got no answer, and given once', () => {
      const tokens = new DeleteTokens();
      tokens.keep('a', ['1']);
      tokens.keep('a', ['2']);
      expect(tokens.take('a')).to.deep.equal({ tokens: ['1', '2'], isRetry: true });
      expect(tokens.take('a').isRetry).to.equal(false);
    });

    it('are forgotten of those owing longest where there are too many', () => {
      const tokens = new DeleteTokens();
      for (let n = 0; n <= 10_000; n += 1) tokens.keep(`session ${n}`, ['token']);
      expect(tokens.take('session 0').isRetry).to.equal(false);
      expect(tokens.take('session 1').isRetry).to.equal(true);
    });

    it('are forgotten when Redis has forgotten, too', () => {
      const tokens = new DeleteTokens();
      const { now } = Date;
      tokens.keep('a', ['1']);
      try {
        Date.now = () => now() + 600_001;
        expect(tokens.take('a').isRetry).to.equal(false);
      } finally {
        Date.now = now;
      }
    });
  });

  describe('a record', () => {
    const space = new Namespace('a secret of at least thirty-two bytes, as text');
    const sealed = (value: unknown) => space.seal('initialize', 'hash', value);
    const whole = (): unknown[] => [
      space.name,
      'hash',
      space.seal('id', 'hash', 'session'),
      space.seal('principal', 'hash', { subject: 'ada' }),
      sealed(undefined),
      ...['1', '2', '3', ''],
    ];

    it('opens as it was sealed', () => {
      expect(openRecord([space], whole())).to.deep.equal({
        ...{ id: 'session', principal: { subject: 'ada' }, initialize: null },
        ...{ createdAt: 1, lastSeenAt: 2, expiresAt: 3 },
      });
    });

    it('counts as absent where anything of it is something else', () => {
      expect(openRecord([space], 'a text')).to.equal(undefined);
      expect(openRecord([], whole())).to.equal(undefined);
      for (const index of [0, 1, 2, 3, 4, 5, 6, 7]) {
        for (const other of [undefined, null, 7, 'x']) {
          const record = whole();
          record[index] = other;
          expect(openRecord([space], record), `${index}: ${other}`).to.equal(undefined);
        }
      }
    });

    it('is none where a script answers something else than records', () => {
      expect(openRecords([space], null)).to.deep.equal([]);
      expect(openRecords([space], [whole(), 'x'])).to.have.length(1);
    });
  });

  it('a client that is lazy is told to connect, and not ready', async () => {
    let connected = 0;
    const client = {
      status: 'wait',
      call: async () => undefined,
      duplicate: () => undefined,
      connect: async () => {
        connected += 1;
        throw new Error('nobody is there');
      },
    };
    expect(isReady(client as unknown as RedisClient)).to.equal(false);
    await turn();
    expect(connected).to.equal(1);
  });

  it('a subscription can be ended whose connection has closed by itself', async () => {
    let destroyed = 0;
    const client = {
      isReady: true,
      sendCommand: async () => undefined,
      duplicate: () => ({
        on: () => undefined,
        connect: async () => undefined,
        subscribe: async () => undefined,
        destroy: () => {
          destroyed += 1;
          throw new Error('The client is closed');
        },
      }),
    };
    subscribe(client as unknown as RedisClient, 'news', () => {})();
    await turn();
    expect(destroyed).to.equal(1);
  });
});
