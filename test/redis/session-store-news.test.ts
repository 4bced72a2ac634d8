import { expect } from 'chai';

import { redisSessionStore } from '../../lib/redis/index.js';
import type { SessionEndReason, SessionStore } from '../../lib/types.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/gate.js';
import { clientKinds } from '../support/redis-clients.js';
import { needsRedisServer, redisServer } from '../support/redis-server.js';
import { isAnswered } from './rejected.js';
import { bench, limitsOf, ownId, ownSecret, recordOf } from './sessions.js';

/** How many sockets this process has open. */
const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

for (const kind of clientKinds) {
  describe(`redisSessionStore over ${kind.name}, onDeleted`, () => {
    const use = bench(kind);
    const channel = (): string => `${use.prefix}:{sessions}:ended`;

    const listeners = async (): Promise<number> => {
      const reply = (await use.held.command('PUBSUB', 'NUMSUB', channel())) as
        | unknown[]
        | Record<string, number>;
      return Number(Array.isArray(reply) ? reply[1] : reply[channel()]);
    };

    const stops: (() => void)[] = [];

    /** Listens, and waits until there are as many connections that do. */
    async function hear(store: Required<SessionStore>, connections = 1) {
      const heard: (readonly [string, SessionEndReason])[] = [];
      const stop = store.onDeleted((...news) => heard.push(news));
      stops.push(stop);
      await until('listening', async () => (await listeners()) === connections);
      return { heard, stop };
    }

    afterEach(async () => {
      for (const stop of stops.splice(0)) stop();
      await until('nobody listens', async () => (await listeners()) === 0);
    });

    it('connects for the first listener, once, and lets go with the last', async () => {
      const store = use.store();
      expect(await listeners()).to.equal(0);
      const first = await hear(store);
      const second = await hear(store);
      expect(await listeners()).to.equal(1);
      first.stop();
      first.stop();
      expect(await listeners()).to.equal(1);
      second.stop();
      await until('nobody listens', async () => (await listeners()) === 0);
      const again = await hear(store);
      await use.store().create(recordOf('again'), limitsOf());
      await use.store().delete('again', 'idle');
      await until('heard', () => again.heard.length === 1);
    });

    it('leaves no connection behind, however soon it is told to stop', async () => {
      const store = use.store();
      const before = openSockets();
      for (const turns of [0, 1, 2, 5]) {
        const stop = store.onDeleted(() => {});
        for (let i = 0; i < turns; i += 1) await Promise.resolve();
        stop();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      await until('all are closed', () => openSockets() <= before);
    });

    it('does not tell a store of what it removed itself', async () => {
      const [store, other] = [use.store(), use.store()];
      const own = await hear(store);
      const others = await hear(other, 2);
      const [a, b] = [ownId(), ownId()];
      await store.create(recordOf(a), limitsOf());
      await store.create(recordOf(b), limitsOf());
      await store.delete(a, 'deleted');
      await other.delete(b, 'revoked');
      await until('heard', () => own.heard.length > 0 && others.heard.length > 0);
      expect(own.heard).to.deep.equal([[b, 'revoked']]);
      expect(others.heard).to.deep.equal([[a, 'deleted']]);
    });

    it('ignores garbage, forgeries and listeners that throw', async () => {
      const [store, other] = [use.store(), use.store()];
      stops.push(
        store.onDeleted(() => {
          throw new Error('a listener of a user');
        }),
      );
      const { heard } = await hear(store);
      const id = ownId();
      const base = { origin: 'x', ns: 'y', hash: 'z', id, reason: 'deleted' };
      const garbage = ['', 'null', '[]', '{', '"text"', '{"origin":1}', JSON.stringify(base), '\u0000'];
      for (const message of garbage) await use.held.command('PUBLISH', channel(), message);
      await other.create(recordOf(id), limitsOf());
      await other.delete(id, 'inactive');
      await until('heard', () => heard.length > 0);
      expect(heard).to.deep.equal([[id, 'inactive']]);
    });

    it('hears again after its connection broke', async function () {
      this.timeout(20_000);
      needsRedisServer(this);
      await using redis = await redisServer();
      using held = await kind.open(redis.url);
      const secret = ownSecret();
      const make = () => redisSessionStore({ client: held.client, secret, timeoutMs: 2000 });
      const [store, other] = [make(), make()];
      const heard: string[] = [];
      const stop = store.onDeleted((id) => heard.push(id));
      try {
        await redis.kill();
        await redis.start();
        await until(
          'heard again',
          async () => {
            const id = ownId();
            await isAnswered(other.create(recordOf(id), limitsOf()));
            await isAnswered(other.delete(id, 'deleted'));
            return heard.length > 0;
          },
          10_000,
        );
      } finally {
        stop();
      }
    });

    it('keeps trying where there is no Redis, and lets the process go when told to stop', async () => {
      using held = kind.make(`redis://127.0.0.1:${await freePort()}`);
      const store = redisSessionStore({ client: held.client, secret: ownSecret() });
      const both = [store.onDeleted(() => {}), store.onDeleted(() => {})];
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const stop of both) stop();
      const stopAtOnce = store.onDeleted(() => {});
      stopAtOnce();
    });
  });
}
