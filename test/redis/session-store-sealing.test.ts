import { expect } from 'chai';

import type { SessionRecord } from '../../lib/types.js';
import { until } from '../support/gate.js';
import { keysOf, removeKeys } from '../support/redis-clients.js';
import { bench, limitsOf, oneEach, ownId, ownSecret, recordOf } from './sessions.js';

describe('redisSessionStore, what is in Redis', () => {
  const use = bench();

  /** Everything under the prefix: names and values, as text. */
  async function dump(): Promise<string> {
    const texts: string[] = [];
    const readers: Readonly<Record<string, (key: string) => string[]>> = {
      hash: (key) => ['HGETALL', key],
      string: (key) => ['GET', key],
      set: (key) => ['SMEMBERS', key],
      zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    };
    for (const key of await keysOf(use.held, use.prefix)) {
      const reader = readers[String(await use.held.command('TYPE', key))];
      if (!reader) throw new Error(`a key of an unknown type: ${key}`);
      texts.push(key, JSON.stringify(await use.held.command(...reader(key))));
    }
    return texts.join('\n');
  }

  const recordKeys = async (): Promise<string[]> =>
    (await keysOf(use.held, use.prefix)).filter((key) => key.includes(':session:'));

  afterEach(() => removeKeys(use.held, use.prefix));

  it('is no id, subject, issuer, tenant, token, claim, client or message, in whatever form', async () => {
    const store = use.store();
    const words = ['SUBJECT', 'ISSUER', 'TENANT', 'TOKEN', 'CLAIM', 'CLIENT', 'SCOPE', 'MESSAGE', 'ENRICHED'];
    const canaries = words.map((word) => `canary-${word}-${ownId()}`);
    const [subject = '', issuer, tenant, token, claim, clientId, scope, message, enriched] =
      canaries as string[];
    const principal = { subject, issuer, tenant, token, clientId, scopes: [scope], claims: { claim } };
    const ids = [ownId(), ownId(), ownId()];
    for (const id of ids)
      await store.create(
        recordOf(id, { principal: principal as never, initialize: { message } }),
        limitsOf(),
      );
    await store.update(ids[0] as string, {
      principal: { ...principal, token: enriched } as never,
      busyUntil: 5,
    });
    await store.create(recordOf(ids[0] as string, { principal: principal as never }), oneEach);
    await store.create(recordOf(`${ids[0]}-new`, { principal: principal as never }), {
      ...limitsOf({ maxSessionsPerPrincipal: 3, onLimit: 'evict-idle' }),
    });
    await store.delete(ids[2] as string, 'deleted');
    const text = await dump();
    expect(text.length).to.be.greaterThan(1000);
    const forms = [...canaries, ...ids].flatMap((canary) => [
      canary,
      Buffer.from(canary).toString('base64').slice(0, -4),
      Buffer.from(canary).toString('base64url').slice(0, -4),
      Buffer.from(canary).toString('hex'),
    ]);
    expect(forms.filter((form) => text.includes(form))).to.deep.equal([]);
    expect(text).not.to.include(use.secret);
    expect(text).not.to.match(/canary/i);
  });

  it('begins with the prefix, and has an end, each key of it', async () => {
    const store = use.store();
    const now = Date.now();
    for (const subject of ['ada', 'eve', 'bob'])
      await store.create(recordOf(ownId(), { principal: { subject }, busyUntil: now + 60_000 }), limitsOf());
    const id = ownId();
    await store.create(recordOf(id, { expiresAt: now + 1000 }), limitsOf());
    await store.create(recordOf(ownId()), oneEach);
    await store.update(id, { expiresAt: now + 9000 });
    const keys = await keysOf(use.held, use.prefix);
    expect(keys.length).to.be.greaterThan(10);
    for (const key of keys) {
      const left = Number(await use.held.command('PTTL', key));
      expect(left, key).to.be.within(1, 7_201_000);
    }
  });

  it('is kept for an hour after its end, which an update moves', async () => {
    const store = use.store();
    const id = ownId();
    const now = Date.now();
    await store.create(recordOf(id, { expiresAt: now + 1000 }), limitsOf());
    const [key = ''] = await recordKeys();
    expect(Number(await use.held.command('PTTL', key))).to.be.closeTo(3_601_000, 2000);
    await store.update(id, { expiresAt: now + 60_000 });
    expect(Number(await use.held.command('PTTL', key))).to.be.closeTo(3_660_000, 2000);
    await store.update(id, { expiresAt: now - 3_700_000 });
    expect(await store.get(id)).to.equal(undefined);
    expect(await keysOf(use.held, use.prefix)).to.deep.equal([]);
  });

  it('counts as absent where a field was changed, cut, or taken from another session or field', async () => {
    const store = use.store();
    const id = ownId();
    const other = ownId();
    await store.create(recordOf(id), limitsOf());
    const [key = ''] = await recordKeys();
    await store.create(recordOf(other, { principal: { subject: 'eve' } }), limitsOf());
    const otherKey = (await recordKeys()).find((name) => name !== key) ?? '';
    const honest: Record<string, string> = {};
    const fields = ['id', 'principal', 'initialize', 'createdAt', 'lastSeenAt', 'expiresAt'];
    for (const field of fields) honest[field] = String(await use.held.command('HGET', key, field));
    const flip = (text = ''): string =>
      `${text.slice(0, 20)}${text[20] === 'A' ? 'B' : 'A'}${text.slice(21)}`;
    const forged: [field: string, value: string][] = [];
    for (const field of ['id', 'principal', 'initialize']) {
      const sealed = honest[field] as string;
      forged.push([field, flip(sealed)], [field, sealed.slice(0, -4)], [field, ''], [field, 'garbage']);
      forged.push([field, String(await use.held.command('HGET', otherKey, field))]);
      forged.push([field, '{"subject":"admin"}']);
      for (const from of ['id', 'principal', 'initialize'])
        if (from !== field) forged.push([field, honest[from] as string]);
    }
    for (const field of ['createdAt', 'lastSeenAt', 'expiresAt']) forged.push([field, 'soon'], [field, '']);
    for (const [field, value] of forged) {
      await use.held.command('HSET', key, field, value);
      expect(await store.get(id), `${field}: ${value}`).to.equal(undefined);
      expect((await store.list({})).map((record) => record.id)).to.deep.equal([other]);
      await use.held.command('HSET', key, field, honest[field] as string);
    }
    expect((await store.get(id))?.principal).to.deep.equal({ subject: 'ada' });
    // The whole record under another name.
    await use.held.command('DEL', otherKey);
    await use.held.command('COPY', key, otherKey);
    expect(await store.get(other)).to.equal(undefined);
    expect(await store.get(id)).to.have.property('id', id);
  });

  it('is removed from what is overdue where it does not open, so that it hides nothing', async () => {
    const store = use.store();
    const ids = Array.from({ length: 130 }, ownId);
    for (const [i, id] of ids.entries())
      await store.create(recordOf(id, { lastSeenAt: i }), limitsOf({ maxSessionsPerPrincipal: 1000 }));
    for (const key of await recordKeys()) {
      const seen = Number(await use.held.command('HGET', key, 'lastSeenAt'));
      if (seen < 100) await use.held.command('HSET', key, 'principal', 'forged');
    }
    expect(await store.overdue({ expiredAt: 0, idleSince: 1000 })).to.deep.equal([]);
    let found: readonly SessionRecord[] = [];
    await until('those behind the forged ones are found', async () => {
      found = await store.overdue({ expiredAt: 0, idleSince: 1000 });
      return found.length > 0;
    });
    expect(found.map(({ id }) => id)).to.deep.equal(ids.slice(100));
  });

  it('is nothing to a store with another secret, and not in its way', async () => {
    const store = use.store();
    const stranger = use.store({ secret: ownSecret() });
    const id = ownId();
    await store.create(recordOf(id, { expiresAt: Date.now() - 1 }), limitsOf());
    await store.create(recordOf(ownId(), { lastSeenAt: 5 }), limitsOf());
    expect(await stranger.get(id)).to.equal(undefined);
    expect(await stranger.list({})).to.deep.equal([]);
    expect(await stranger.overdue({ expiredAt: Date.now(), idleSince: Date.now() })).to.deep.equal([]);
    expect(await stranger.remaining([id])).to.deep.equal([]);
    expect(await stranger.delete(id, 'deleted')).to.equal(false);
    await stranger.update(id, { lastSeenAt: 1 });
    expect(await stranger.create(recordOf(ownId()), limitsOf({ maxSessions: 1 }))).to.deep.equal({
      evicted: [],
    });
    expect((await store.get(id))?.id).to.equal(id);
    expect(await store.list({})).to.have.length(1);
  });
});
