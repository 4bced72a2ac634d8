import { setImmediate as turn } from 'node:timers/promises';

import { expect } from 'chai';

import { CLIENT_RULE, isReady, type RedisClient, sendTo } from '../../lib/redis/client.js';

const method = (): undefined => undefined;
const nodeRedis = { isReady: true, sendCommand: method, duplicate: method };
const ioRedis = { status: 'ready', call: method, connect: method, duplicate: method };

const without = (client: object, name: string): object =>
  Object.fromEntries(Object.entries(client).filter(([own]) => own !== name));

describe('a client of Redis', () => {
  it('is known by what it can do', () => {
    for (const client of [nodeRedis, { ...nodeRedis, isReady: false }, ioRedis, { ...ioRedis, status: '' }])
      expect(CLIENT_RULE.test(client)).to.equal(true);
    expect(CLIENT_RULE.required).to.equal(true);
  });

  it('is none where it lacks any of that', () => {
    for (const client of [nodeRedis, ioRedis]) {
      for (const name of Object.keys(client)) {
        expect(CLIENT_RULE.test(without(client, name)), name).to.equal(false);
        if (name !== 'isReady') {
          expect(CLIENT_RULE.test({ ...client, [name]: 7 }), name).to.equal(false);
        }
      }
    }
    for (const value of [undefined, null, 'redis://127.0.0.1', 7, {}, [], method])
      expect(CLIENT_RULE.test(value)).to.equal(false);
  });

  it('is ready when it says so', () => {
    for (const is of [true, false]) {
      expect(isReady({ ...nodeRedis, isReady: is } as unknown as RedisClient)).to.equal(is);
    }
    for (const status of ['ready', 'connecting', 'connect', 'reconnecting', 'close', 'end', '']) {
      const client = {
        ...ioRedis,
        status,
        connect: () => {
          throw new Error('not asked for');
        },
      };
      expect(isReady(client as unknown as RedisClient), status).to.equal(status === 'ready');
    }
  });

  it('that is lazy is told to connect, and not ready; that it cannot is told to its user', async () => {
    let connected = 0;
    const client = {
      ...ioRedis,
      status: 'wait',
      connect: async () => {
        connected += 1;
        throw new Error('nobody is there');
      },
    };
    expect(isReady(client as unknown as RedisClient)).to.equal(false);
    await turn();
    expect(connected).to.equal(1);
  });

  it('is sent a command in its own way', async () => {
    const sent: unknown[] = [];
    const note = async (...args: unknown[]): Promise<string> => {
      sent.push(args);
      return 'done';
    };
    const clients = [
      { ...nodeRedis, sendCommand: note },
      { ...ioRedis, call: note },
    ];
    for (const client of clients) {
      expect(await sendTo(client as unknown as RedisClient, ['SET', 'a', '1'])).to.equal('done');
    }
    expect(sent).to.deep.equal([[['SET', 'a', '1']], ['SET', 'a', '1']]);
  });
});
