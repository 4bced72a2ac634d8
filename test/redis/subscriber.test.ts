import { EventEmitter } from 'node:events';

import { expect } from 'chai';

import type { RedisClient } from '../../lib/redis/client.js';
import { subscribe } from '../../lib/redis/subscriber.js';
import { settle } from '../support/settle.js';

const away = async (): Promise<never> => {
  throw new Error('away');
};

/** A subscriber that notes what it is told; what it fails with is told to nobody. */
function subscriber(kind: 'redis' | 'ioredis', changes: object = {}) {
  const told: unknown[][] = [];
  const tell =
    (name: string) =>
    (...args: unknown[]): Promise<void> => {
      told.push([name, ...args]);
      return Promise.resolve();
    };
  const own = Object.assign(
    new EventEmitter(),
    kind === 'redis'
      ? { connect: tell('connect'), subscribe: tell('subscribe'), destroy: tell('destroy') }
      : { subscribe: tell('subscribe'), disconnect: tell('disconnect') },
    changes,
  );
  const client =
    kind === 'redis'
      ? { isReady: true, sendCommand: away, duplicate: () => own }
      : { status: 'ready', call: away, connect: away, duplicate: () => own };
  const heard: string[] = [];
  const stop = subscribe(client as unknown as RedisClient, 'news', (message) => heard.push(message));
  return { own, told, heard, stop };
}

describe('listening to a channel', () => {
  describe('with a client of redis', () => {
    it('connects at once, asks for the channel at every connection, and ends in the next turn', async () => {
      const { own, told, heard, stop } = subscriber('redis');
      expect(told).to.deep.equal([['connect']]);
      own.emit('ready');
      own.emit('error', new Error('the connection broke'));
      own.emit('ready');
      const asked = told.slice(1);
      expect(asked.map(([name, channel]) => [name, channel])).to.deep.equal([
        ['subscribe', 'news'],
        ['subscribe', 'news'],
      ]);
      for (const [, , hear] of asked.slice(0, 1)) (hear as (message: string) => void)('hello');
      expect(heard).to.deep.equal(['hello']);
      stop();
      expect(told).to.have.length(3);
      await settle();
      expect(told.slice(3)).to.deep.equal([['destroy']]);
    });

    it('bears that it cannot connect, is not subscribed, and has closed by itself', async () => {
      const { own, stop } = subscriber('redis', {
        connect: away,
        subscribe: away,
        destroy: () => {
          throw new Error('The client is closed');
        },
      });
      own.emit('ready');
      stop();
      await settle();
    });
  });

  describe('with a client of ioredis', () => {
    it('asks for the channel at once and at every connection, hears that channel alone, and ends', () => {
      const { own, told, heard, stop } = subscriber('ioredis');
      expect(told).to.deep.equal([['subscribe', 'news']]);
      own.emit('error', new Error('the connection broke'));
      own.emit('ready');
      expect(told).to.deep.equal([
        ['subscribe', 'news'],
        ['subscribe', 'news'],
      ]);
      own.emit('message', 'news', 'hello');
      own.emit('message', 'other', 'not for us');
      expect(heard).to.deep.equal(['hello']);
      stop();
      expect(told.slice(2)).to.deep.equal([['disconnect']]);
    });

    it('bears that it is not subscribed', async () => {
      const { stop } = subscriber('ioredis', { subscribe: away });
      await settle();
      stop();
    });
  });
});
