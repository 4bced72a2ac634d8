import { expect } from 'chai';

import { CREATE, UNDO } from '../../../lib/redis/session-scripts/create.js';
import { OVERDUE } from '../../../lib/redis/session-scripts/find.js';
import { createInput, fieldsOf, HOUR_MS, MEMORY_MS, readAs, useSteps } from './steps.js';

type Changes = Readonly<Record<string, number | string>>;

describe('the creation of a session in Redis', () => {
  const steps = useSteps();
  const create = (hash: string, changes: Changes = {}, input: object = {}) =>
    steps.run(CREATE, createInput({ hash, fields: fieldsOf(steps, changes), ...input }));
  const undo = (hash: string, token = 'token') => steps.run(UNDO, { space: { ns: 'n', hash }, token });
  const record = (hash: string) => steps.redis.hgetall(steps.key('n', 'session', hash));
  const exists = (...parts: string[]) => steps.redis.exists(steps.key('n', ...parts));
  const membersOf = (name: string) => steps.redis.zrange(steps.key('n', name), '0', '-1');
  const drop = (hash: string) => steps.redis.del(steps.key('n', 'session', hash));

  const own = (count: number, evicts = false): object => ({
    limits: { total: 1000, own: count, evicts },
  });
  const total = (count: number): object => ({ limits: { total: count, own: 1000, evicts: false } });

  it('is answered once more where it is told once more, and refused to another', async () => {
    expect(await create('a')).to.deep.equal([1]);
    expect(await create('a')).to.deep.equal([1, null]);
    expect(await create('a', {}, { token: 'other' })).to.deep.equal([]);
    expect(await record('a')).to.deep.equal({ ...fieldsOf(steps), token: 'token' });
  });

  it('is refused where there is such a session under another secret', async () => {
    await create('a');
    const spaces = [
      { ns: 'newer', hash: 'a', owner: 'ada' },
      { ns: 'n', hash: 'a', owner: 'ada' },
    ];
    expect(await create('a', {}, { spaces, token: 'other' })).to.deep.equal([]);
    expect(await steps.redis.exists(steps.key('newer', 'session', 'a'))).to.equal(0);
  });

  describe('the limit of all', () => {
    it('counts those that are alive, under all secrets', async () => {
      await create('a');
      await create('over', { expiresAt: steps.now });
      expect(await create('b', {}, total(2))).to.deep.equal([1]);
      expect(await create('c', {}, total(2))).to.deep.equal([]);
      const spaces = ['newer', 'n'].map((ns) => ({ ns, hash: 'c', owner: 'ada' }));
      expect(await create('c', {}, { ...total(2), spaces })).to.deep.equal([]);
      expect(await create('c', {}, { ...total(3), spaces })).to.deep.equal([1]);
    });

    it('looks for what Redis has dropped, all of it, once a second', async () => {
      for (const hash of ['a', 'b', 'c', 'd']) await create(hash);
      for (const hash of ['b', 'c', 'd']) await drop(hash);
      expect(await create('e', {}, total(2))).to.deep.equal([1]);
      for (const name of ['expires', 'seen'])
        expect((await membersOf(name)).sort()).to.deep.equal(['a', 'e']);
      expect(await steps.redis.pttl(steps.key('n', 'swept'))).to.be.at.most(1000);
      await drop('e');
      // Kept for the length of the test: it is still the same second.
      await steps.redis.set(steps.key('n', 'swept'), '1', 'PX', HOUR_MS);
      expect(await create('f', {}, total(2))).to.deep.equal([]);
      await steps.redis.del(steps.key('n', 'swept'));
      expect(await create('f', {}, total(2))).to.deep.equal([1]);
    });
  });

  describe('the limit of each', () => {
    it('counts those that are alive of this owner', async () => {
      await create('a');
      await create('eve', { owner: 'eve' });
      await create('over', { expiresAt: steps.now });
      expect(await create('b', {}, own(2))).to.deep.equal([1]);
      expect(await create('c', {}, own(2))).to.deep.equal([]);
      expect(await exists('session', 'c')).to.equal(0);
      expect(await create('c', {}, own(3))).to.deep.equal([1]);
    });

    it('passes over what is no record of a session any more', async () => {
      for (const hash of ['dropped', 'timeless', 'unseen', 'odd']) await create(hash);
      await drop('dropped');
      await steps.redis.hdel(steps.key('n', 'session', 'timeless'), 'expiresAt');
      await steps.redis.hdel(steps.key('n', 'session', 'unseen'), 'lastSeenAt');
      await steps.redis.hset(steps.key('n', 'session', 'odd'), 'lastSeenAt', 'soon');
      expect(await create('a', {}, own(1))).to.deep.equal([1]);
      expect(await membersOf('owner:ada')).to.deep.equal(['a']);
    });

    it('evicts the one that was seen longest ago, and is not busy', async () => {
      const { now } = steps;
      await create('told busy', { lastSeenAt: now - 90 });
      await create('busy', { lastSeenAt: now - 80, busyUntil: now + 1 });
      await create('over', { lastSeenAt: now - 70, expiresAt: now });
      await create('newer', { lastSeenAt: now - 50 });
      await create('victim', { lastSeenAt: now - 60, busyUntil: now });
      await create('newest', { lastSeenAt: now - 40 });
      const input = { ...own(5, true), busy: ['n:told busy'] };
      const fields = fieldsOf(steps, { lastSeenAt: now - 60, busyUntil: now });
      const answer = [1, readAs('victim', fields)];
      expect(await create('a', {}, input)).to.deep.equal(answer);
      for (const name of ['expires', 'seen', 'owner:ada']) {
        expect(await membersOf(name)).not.to.include('victim');
      }
      expect(await steps.redis.sismember(steps.key('n', 'subject:ada'), 'victim')).to.equal(0);
      expect(await exists('session', 'victim')).to.equal(0);
      expect(await steps.redis.pttl(steps.key('n', 'victim', 'a'))).to.be.within(MEMORY_MS / 2, MEMORY_MS);
      // The same call once more evicts nobody else.
      expect(await create('a', {}, input)).to.deep.equal(answer);
      expect(await membersOf('owner:ada')).to.include('newer');
    });

    it('evicts nobody where all are busy, or that is not the way', async () => {
      await create('a', { busyUntil: steps.now + 1 });
      expect(await create('b', {}, own(1, true))).to.deep.equal([]);
      await create('c');
      expect(await create('b', {}, own(1, false))).to.deep.equal([]);
      expect(await exists('session', 'c')).to.equal(1);
    });
  });

  describe('that is undone', () => {
    it('is gone, and does not come later', async () => {
      await create('a');
      expect(await undo('a')).to.deep.equal([]);
      expect(await exists('session', 'a')).to.equal(0);
      expect(await membersOf('expires')).to.deep.equal([]);
      // Undone before it came.
      expect(await undo('b')).to.deep.equal([]);
      for (const hash of ['a', 'b']) {
        expect(await create(hash), hash).to.deep.equal([]);
        expect(await steps.redis.get(steps.key('n', 'fence', hash))).to.equal('token');
        expect(await steps.redis.pttl(steps.key('n', 'fence', hash))).to.be.within(MEMORY_MS / 2, MEMORY_MS);
      }
    });

    it('is another where the name is another', async () => {
      await create('a');
      expect(await undo('a', 'other')).to.deep.equal([]);
      expect(await exists('session', 'a')).to.equal(1);
      expect(await exists('fence', 'a')).to.equal(0);
    });

    it('brings back whom it evicted, as one who expires now, once', async () => {
      const { now } = steps;
      await create('victim', { busyUntil: now - 1 });
      await create('a', {}, own(1, true));
      const back = fieldsOf(steps, { expiresAt: now });
      expect(await undo('a')).to.deep.equal([readAs('victim', back)]);
      expect(await record('victim')).to.deep.equal({ ...back, token: 'token' });
      expect(await exists('victim', 'a')).to.equal(0);
      expect(await undo('a')).to.deep.equal([]);
      const overdue = await steps.run(OVERDUE, {
        ...{ spaces: [{ ns: 'n' }], expiredAt: String(now), idleSince: '0' },
      });
      expect(overdue).to.deep.equal([readAs('victim', back)]);
    });

    it('brings back nobody whom another creation evicted, or who is there', async () => {
      await create('victim');
      await create('a', {}, own(1, true));
      expect(await undo('a', 'other')).to.deep.equal([]);
      expect(await exists('victim', 'a')).to.equal(1);
      await create('victim');
      expect(await undo('a')).to.deep.equal([]);
      expect(await record('victim')).to.include({ expiresAt: String(steps.now + HOUR_MS) });
    });
  });
});
