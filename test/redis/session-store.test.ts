import { expect } from 'chai';

import { redisSessionStore } from '../../lib/redis/index.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/gate.js';
import { REDIS_URL } from '../support/redis.js';
import { clientKind, clientKinds, keysOf, prefixingClients, removeKeys } from '../support/redis-clients.js';
import { needsRedisServer, redisServer } from '../support/redis-server.js';
import { isAnswered, rejected } from './rejected.js';
import { bench, limitsOf, oneEach, ownId, ownSecret, recordOf } from './sessions.js';

describe('redisSessionStore, limits', () => {
  const use = bench();

  afterEach(() => removeKeys(use.held, use.prefix));

  const expired = () => recordOf(ownId(), { expiresAt: Date.now() - 1000 });

  it('do not count what has expired, nor list it; it can still be got', async () => {
    const store = use.store();
    const record = expired();
    await store.create(record, limitsOf());
    expect(await store.list({})).to.deep.equal([]);
    expect(await store.list({ subject: 'ada' })).to.deep.equal([]);
    expect(await store.get(record.id)).to.deep.equal(record);
    expect(await store.remaining([record.id])).to.deep.equal([]);
    const limits = limitsOf({ maxSessions: 1, maxSessionsPerPrincipal: 1 });
    expect(await store.create(recordOf(ownId()), limits)).to.deep.equal({ evicted: [] });
    expect(await store.create(recordOf(ownId()), limits)).to.equal('limit');
    expect(await store.delete(record.id, 'expired')).to.equal(true);
  });

  it('never evict what has expired: its login would be undone by nobody else', async () => {
    const store = use.store();
    const [old, live] = [expired(), recordOf(ownId())];
    for (const record of [old, live]) await store.create(record, limitsOf());
    const outcome = await store.create(recordOf(ownId()), oneEach);
    expect(outcome).to.deep.equal({ evicted: [live.id], evictedRecords: [live] });
    expect(await store.get(old.id)).to.deep.equal(old);
  });

  it('do not count what Redis has dropped, and forget it', async () => {
    const store = use.store();
    for (const subject of ['ada', 'eve'])
      await store.create(recordOf(ownId(), { principal: { subject } }), limitsOf());
    const limits = limitsOf({ maxSessions: 2, maxSessionsPerPrincipal: 1 });
    for (const key of await keysOf(use.held, use.prefix))
      if (key.includes(':session:')) await use.held.command('DEL', key);
    for (const subject of ['ada', 'eve'])
      expect(await store.create(recordOf(ownId(), { principal: { subject } }), limits)).to.deep.equal({
        evicted: [],
      });
    expect(await store.create(recordOf(ownId(), { principal: { subject: 'bob' } }), limits)).to.equal(
      'limit',
    );
    for (const subject of ['ada', 'eve']) expect(await store.list({ subject })).to.have.length(1);
    for (const record of await store.list({})) await store.delete(record.id, 'deleted');
    const left = (await keysOf(use.held, use.prefix)).filter((key) => !/:(gone|swept)/.test(key));
    expect(left).to.deep.equal([]);
  });

  it('never let one record replace another of the same id', async () => {
    const store = use.store();
    const record = recordOf(ownId());
    await store.create(record, limitsOf());
    expect(await store.create({ ...record, principal: { subject: 'eve' } }, limitsOf())).to.equal('limit');
    expect(await store.get(record.id)).to.deep.equal(record);
  });

  it('do not hold up a deletion by a user who may not publish', async () => {
    const user = `user-${ownId()}`;
    await use.held.command(
      'ACL',
      'SETUSER',
      user,
      'on',
      '>pass',
      `~${use.prefix}:*`,
      '+@all',
      'resetchannels',
    );
    const url = new URL(REDIS_URL);
    url.username = user;
    url.password = 'pass';
    using held = await clientKind('ioredis 6').open(url.href);
    try {
      const store = use.store({ client: held.client });
      const record = recordOf(ownId());
      await store.create(record, limitsOf());
      expect(await store.create(recordOf(ownId()), oneEach))
        .to.have.property('evicted')
        .with.length(1);
      const [{ id = '' } = {}] = await store.list({});
      expect(await store.delete(id, 'deleted')).to.equal(true);
    } finally {
      await use.held.command('ACL', 'DELUSER', user);
    }
  });

  it('a time that is none is refused, and nothing is kept', async () => {
    const store = use.store();
    for (const changes of [
      { expiresAt: Number.NaN },
      { lastSeenAt: Number.POSITIVE_INFINITY },
      { busyUntil: '5' as never },
    ])
      expect(await rejected(store.create(recordOf(ownId(), changes), limitsOf()))).to.be.instanceOf(
        TypeError,
      );
    expect(await keysOf(use.held, use.prefix)).to.deep.equal([]);
  });
});

describe('redisSessionStore, many sessions', () => {
  const use = bench();

  it('are listed, all of them, within the time of an operation each step', async () => {
    const store = use.store();
    const limits = limitsOf({ maxSessions: 10_000, maxSessionsPerPrincipal: 10_000 });
    const ids = Array.from({ length: 1234 }, ownId).sort();
    await Promise.all(
      ids.map((id, i) => store.create(recordOf(id, { principal: { subject: `u${i % 2}` } }), limits)),
    );
    expect((await store.list({})).map(({ id }) => id).sort()).to.deep.equal(ids);
    expect(await store.list({ subject: 'u1' })).to.have.length(617);
    expect(await store.remaining(ids)).to.deep.equal(ids);
  });
});

describe('redisSessionStore, secrets that are replaced', () => {
  const use = bench();

  it('finds, changes, counts, evicts and removes what is kept under any of them; new ones go under the first', async () => {
    const [older, newer] = [use.secret, ownSecret()];
    const before = use.store({ secret: older });
    const both = use.store({ secret: [newer, older] });
    const after = use.store({ secret: newer });
    const [a, b, c] = [
      recordOf(ownId(), { lastSeenAt: 1 }),
      recordOf(ownId(), { lastSeenAt: 2 }),
      recordOf(ownId()),
    ];
    for (const record of [a, b]) await before.create(record, limitsOf());
    expect(await both.get(a.id)).to.deep.equal(a);
    expect(await both.list({ subject: 'ada' })).to.have.deep.members([a, b]);
    expect(await both.remaining([a.id, b.id, c.id])).to.deep.equal([a.id, b.id]);
    expect((await both.overdue({ expiredAt: 0, idleSince: 1 })).map(({ id }) => id)).to.deep.equal([a.id]);
    const principal = { subject: 'ada', token: 'issued' };
    await both.update(b.id, { principal, lastSeenAt: 3 });
    expect(await before.get(b.id)).to.deep.equal({ ...b, principal, lastSeenAt: 3 });
    expect(await both.create(c, limitsOf({ maxSessions: 2 }))).to.equal('limit');
    expect(await both.create(c, limitsOf({ maxSessionsPerPrincipal: 2 }))).to.equal('limit');
    expect(
      await both.create(c, limitsOf({ maxSessionsPerPrincipal: 2, onLimit: 'evict-idle', busy: [b.id] })),
    ).to.deep.equal({ evicted: [a.id], evictedRecords: [a] });
    expect(await both.create({ ...b, principal: { subject: 'eve' } }, limitsOf())).to.equal('limit');
    expect(await before.get(c.id)).to.equal(undefined);
    expect(await after.get(c.id)).to.deep.equal(c);
    expect(await after.get(b.id)).to.equal(undefined);
    expect(await both.delete(b.id, 'deleted')).to.equal(true);
    expect(await before.get(b.id)).to.equal(undefined);
    expect(await both.delete(c.id, 'deleted')).to.equal(true);
  });
});

describe('redisSessionStore, Redis away and back', () => {
  for (const kind of clientKinds) {
    it(`${kind.name}: rejects at once while it was never connected, and leaves nothing in its queue`, async () => {
      const port = await freePort();
      using held = kind.make(`redis://127.0.0.1:${port}`);
      const store = redisSessionStore({ client: held.client, secret: ownSecret() });
      const since = performance.now();
      const works: unknown[] = [
        store.get('a'),
        store.create(recordOf('a'), limitsOf()),
        store.delete('a', 'deleted'),
        store.list({}),
      ];
      works.push(
        store.update('a', { lastSeenAt: 1 }),
        store.remaining(['a']),
        store.overdue({ expiredAt: 1, idleSince: 1 }),
      );
      for (const work of works) expect((await rejected(work)).message).to.equal('Redis is not connected');
      expect(performance.now() - since).to.be.lessThan(200);
      const { offlineQueue } = held.client as unknown as { offlineQueue?: { length: number } };
      expect(offlineQueue?.length ?? 0).to.equal(0);
    });

    it(`${kind.name}: goes on after SCRIPT FLUSH, FLUSHALL, a pause and a crash`, async function () {
      this.timeout(30_000);
      needsRedisServer(this);
      await using redis = await redisServer();
      using held = await kind.open(redis.url);
      const secret = ownSecret();
      const store = redisSessionStore({ client: held.client, secret, timeoutMs: 2000 });
      const hasty = redisSessionStore({ client: held.client, secret });
      const record = recordOf(ownId());
      await store.create(record, limitsOf());
      await held.command('SCRIPT', 'FLUSH');
      expect(await store.get(record.id)).to.deep.equal(record);
      await held.command('FLUSHALL');
      expect(await store.get(record.id)).to.equal(undefined);
      expect(await store.delete(record.id, 'deleted')).to.equal(false);
      redis.freeze();
      const since = performance.now();
      await rejected(hasty.get(record.id));
      expect(performance.now() - since).to.be.lessThan(400);
      redis.thaw();
      await until('answers', () => isAnswered(store.get(record.id)));
      await redis.kill();
      await until('away', async () => /not connected/.test((await rejected(store.get('a'))).message));
      await redis.start();
      await until('answers', () => isAnswered(store.get(record.id)));
      expect(await store.create(recordOf(ownId()), limitsOf())).to.deep.equal({ evicted: [] });
    });
  }

  it('refuses to write where Redis does, and keeps nothing half', async function () {
    needsRedisServer(this);
    await using redis = await redisServer();
    using held = await clientKind('redis 6').open(redis.url);
    const store = redisSessionStore({ client: held.client, secret: ownSecret(), timeoutMs: 2000 });
    const record = recordOf(ownId());
    await store.create(record, limitsOf());
    await held.command('CONFIG', 'SET', 'maxmemory', '1');
    expect((await rejected(store.create(recordOf(ownId()), oneEach))).message).to.match(/OOM/);
    await held.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await store.list({})).to.deep.equal([record]);
    await held.command('REPLICAOF', '127.0.0.1', String(await freePort()));
    expect((await rejected(store.create(recordOf(ownId()), oneEach))).message).to.match(/READONLY/);
    await rejected(store.delete(record.id, 'deleted'));
    expect(await store.get(record.id)).to.deep.equal(record);
    await held.command('REPLICAOF', 'NO', 'ONE');
    expect(await store.delete(record.id, 'deleted')).to.equal(true);
  });
});

describe("redisSessionStore, ioredis' keyPrefix", () => {
  const use = bench();

  for (const [name, make] of Object.entries(prefixingClients)) {
    it(`${name}: all keys are under it, and all works`, async () => {
      const keyPrefix = `${use.prefix}:outer:`;
      const client = make(keyPrefix);
      await client.ping();
      const store = use.store({ client, prefix: 'inner' });
      const other = use.store({ client, prefix: 'inner' });
      const heard: string[] = [];
      const stop = other.onDeleted((id) => heard.push(id));
      try {
        const [a, b] = [recordOf(ownId()), recordOf(ownId())];
        await store.create(a, limitsOf());
        expect(await store.create(b, oneEach)).to.deep.equal({ evicted: [a.id], evictedRecords: [a] });
        expect(await store.list({ subject: 'ada' })).to.deep.equal([b]);
        await until('heard', async () => {
          const id = ownId();
          await store.create(recordOf(id, { principal: { subject: id } }), limitsOf());
          await store.delete(id, 'deleted');
          return heard.length > 0;
        });
        expect(await store.delete(b.id, 'deleted')).to.equal(true);
        const keys = await keysOf(use.held, '*inner');
        expect(keys.filter((key) => !key.startsWith(`${keyPrefix}inner:{sessions}`))).to.deep.equal([]);
      } finally {
        stop();
        client.disconnect();
      }
    });
  }
});
