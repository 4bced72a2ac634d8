import { expect } from 'chai';

import type { SessionStore } from '../../lib/types.js';
import { until } from '../support/gate.js';
import { REDIS_URL } from '../support/redis.js';
import { clientKinds, type Held } from '../support/redis-clients.js';
import { isAnswered, rejected } from './rejected.js';
import { type Relay, startRelay } from './relay.js';
import { bench, limitsOf, oneEach, ownId, recordOf } from './sessions.js';

const TIMEOUT_MS = 300;

for (const kind of clientKinds) {
  describe(`redisSessionStore over ${kind.name}, answers that are lost`, function () {
    this.timeout(20_000);
    const use = bench(kind);
    let relay: Relay;
    let lossy: Held;
    let store: Required<SessionStore>;
    let witness: Required<SessionStore>;

    beforeEach(async () => {
      relay = await startRelay(REDIS_URL);
      lossy = await kind.open(relay.url);
      store = use.store({ client: lossy.client, timeoutMs: TIMEOUT_MS });
      witness = use.store();
      // Known to Redis, so that each operation is one command.
      await witness.create(recordOf(ownId(), { principal: { subject: 'x' } }), oneEach);
      await witness.create(recordOf(ownId(), { principal: { subject: 'x' } }), oneEach);
      await witness.delete(ownId(), 'deleted');
    });

    afterEach(async () => {
      lossy?.[Symbol.dispose]();
      await relay?.close();
    });

    const reconnect = async (): Promise<void> => {
      relay.passReplies();
      relay.cut();
      await until('connected again', () => isAnswered(store.get('x')));
    };

    it('a deletion whose answer is lost is answered true to a later one of the same store, once, and to no other', async () => {
      const id = ownId();
      await store.create(recordOf(id), limitsOf());
      relay.swallowReplies();
      await rejected(store.delete(id, 'revoked'));
      await until('removed', async () => (await witness.get(id)) === undefined);
      await reconnect();
      expect(await witness.delete(id, 'deleted')).to.equal(false);
      const answers = await Promise.all([store.delete(id, 'revoked'), store.delete(id, 'revoked')]);
      expect(answers.sort()).to.deep.equal([false, true]);
      expect(await store.delete(id, 'revoked')).to.equal(false);
    });

    it('where another store removed it meanwhile, the later deletion is false', async () => {
      const id = ownId();
      await store.create(recordOf(id), limitsOf());
      relay.holdRequests();
      await rejected(store.delete(id, 'revoked'));
      expect(await witness.delete(id, 'deleted')).to.equal(true);
      relay.passRequests();
      await reconnect();
      expect(await store.delete(id, 'revoked')).to.equal(false);
    });

    it('a deletion that fails again is still the same one', async () => {
      const id = ownId();
      await store.create(recordOf(id), limitsOf());
      relay.swallowReplies();
      await rejected(store.delete(id, 'revoked'));
      await rejected(store.delete(id, 'revoked'));
      await rejected(store.delete(id, 'revoked'));
      await reconnect();
      expect(await store.delete(id, 'revoked')).to.equal(true);
    });

    it('a creation whose answer comes too late is undone', async () => {
      const id = ownId();
      relay.holdRequests();
      await rejected(store.create(recordOf(id), limitsOf()));
      relay.passRequests();
      await until('created', async () => (await witness.get(id)) !== undefined);
      await until('undone', async () => (await witness.get(id)) === undefined);
    });

    it('a creation whose connection broke is undone', async () => {
      const id = ownId();
      relay.swallowReplies();
      await rejected(store.create(recordOf(id), limitsOf()));
      expect(await witness.get(id)).to.have.property('id', id);
      relay.passReplies();
      relay.cut();
      await until('undone', async () => (await witness.get(id)) === undefined);
      // A command that is sent once more does not bring it back.
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await witness.get(id)).to.equal(undefined);
      expect(await witness.delete(id, 'deleted')).to.equal(false);
    });

    it('whom a creation evicted that is undone is found as overdue, whole, and nobody else is', async () => {
      const [evicted, id] = [ownId(), ownId()];
      const principal = { subject: ownId(), token: 'issued' };
      const heard: string[] = [];
      const stop = store.onDeleted((...news) => heard.push(news.join(' ')));
      await witness.create(recordOf(evicted, { principal }), limitsOf());
      relay.swallowReplies();
      await rejected(store.create(recordOf(id, { principal }), oneEach));
      expect(await witness.get(evicted)).to.equal(undefined);
      await reconnect();
      await until('back', async () => (await witness.get(evicted)) !== undefined);
      expect(await witness.get(id)).to.equal(undefined);
      expect(await witness.list({ subject: principal.subject })).to.deep.equal([]);
      const found = await witness.overdue({ expiredAt: Date.now() + 5000, idleSince: 0 });
      expect(found.filter((record) => record.id === evicted)).to.have.length(1);
      expect(found.find((record) => record.id === evicted)?.principal).to.deep.equal(principal);
      await until('this store has heard of it', () => heard.includes(`${evicted} evicted`));
      stop();
      const answers = [await witness.delete(evicted, 'expired'), await store.delete(evicted, 'expired')];
      expect(answers).to.deep.equal([true, false]);
    });

    it('nothing is sent, and nothing remembered, while Redis is away', async () => {
      const id = ownId();
      await store.create(recordOf(id), limitsOf());
      await relay.close();
      await until('away', async () => /not connected/.test((await rejected(store.get('x'))).message));
      const since = performance.now();
      for (const work of [
        store.get(id),
        store.delete(id, 'deleted'),
        store.create(recordOf('b'), limitsOf()),
        store.list({}),
      ])
        await rejected(work);
      expect(performance.now() - since).to.be.lessThan(TIMEOUT_MS);
      expect(await witness.get(id)).to.have.property('id', id);
    });
  });
}
