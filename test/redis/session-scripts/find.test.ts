import { expect } from 'chai';

import { CREATE } from '../../../lib/redis/session-scripts/create.js';
import {
  GET,
  LIST,
  LIST_MORE,
  LISTED_AT_ONCE,
  OVERDUE,
  REMAINING,
} from '../../../lib/redis/session-scripts/find.js';
import { createInput, fieldsOf, readAs, useSteps } from './steps.js';

type Changes = Readonly<Record<string, number | string>>;

describe('finding sessions in Redis', () => {
  const steps = useSteps();
  const create = (hash: string, changes: Changes = {}, ns = 'n') => {
    const fields = fieldsOf(steps, changes);
    return steps.run(CREATE, createInput({ hash, fields, spaces: [{ ns, hash, owner: fields.owner }] }));
  };
  const drop = (hash: string) => steps.redis.del(steps.key('n', 'session', hash));
  const membersOf = (name: string) => steps.redis.zrange(steps.key('n', name), '0', '-1');
  const hashesOf = (records: unknown) => (records as string[][]).map(([, hash]) => hash);
  const SPACES = ['n', 'm'].map((ns) => ({ ns }));

  it('is getting what is there of a name, under each secret', async () => {
    await create('a');
    await create('a', { owner: 'eve' }, 'm');
    const spaces = ['n', 'other', 'm'].map((ns) => ({ ns, hash: 'a' }));
    expect(await steps.run(GET, { spaces })).to.deep.equal([
      readAs('a', fieldsOf(steps)),
      readAs('a', fieldsOf(steps), 'm'),
    ]);
    expect(await steps.run(GET, { spaces: [{ ns: 'n', hash: 'b' }] })).to.deep.equal([]);
  });

  describe('a list', () => {
    it('is of all that are alive, or of a subject', async () => {
      await create('a');
      await create('eve', { subject: 'eve' });
      await create('over', { expiresAt: steps.now });
      await create('m', {}, 'm');
      const [all, others] = (await steps.run(LIST, { spaces: SPACES })) as unknown[];
      expect(hashesOf(all).sort()).to.deep.equal(['a', 'eve', 'm']);
      expect(others).to.deep.equal([]);
      const spaces = SPACES.map((space) => ({ ...space, subject: 'ada' }));
      const [ada] = (await steps.run(LIST, { spaces })) as unknown[];
      expect(hashesOf(ada).sort()).to.deep.equal(['a', 'm']);
    });

    it('forgets what Redis has dropped', async () => {
      for (const hash of ['a', 'b']) await create(hash);
      await drop('a');
      const [all] = (await steps.run(LIST, { spaces: SPACES })) as unknown[];
      expect(hashesOf(all)).to.deep.equal(['b']);
      for (const name of ['expires', 'seen']) expect(await membersOf(name)).to.deep.equal(['b']);
      const [ada] = (await steps.run(LIST, { spaces: [{ ns: 'n', subject: 'ada' }] })) as unknown[];
      expect(hashesOf(ada)).to.deep.equal(['b']);
      expect(await steps.redis.smembers(steps.key('n', 'subject:ada'))).to.deep.equal(['b']);
    });

    it('is told in part where it is long, with the names of the others', async () => {
      const { redis, key, now } = steps;
      const hashes = Array.from({ length: LISTED_AT_ONCE + 1 }, (_, n) => `hash ${n}`);
      const pipeline = redis.pipeline();
      for (const [n, hash] of hashes.entries()) {
        pipeline.hset(key('n', 'session', hash), fieldsOf(steps));
        pipeline.pexpire(key('n', 'session', hash), 60_000);
        pipeline.zadd(key('n', 'expires'), now + 1 + n, hash);
      }
      await pipeline.exec();
      const [first, others] = (await steps.run(LIST, { spaces: SPACES })) as unknown[];
      expect(hashesOf(first)).to.deep.equal(hashes.slice(0, LISTED_AT_ONCE));
      expect(others).to.deep.equal([['n', hashes.at(-1)]]);
    });

    it('goes on with those of the others that are alive', async () => {
      await create('a');
      await create('over', { expiresAt: steps.now });
      await create('dropped');
      await drop('dropped');
      const sessions = ['dropped', 'over', 'a'].map((hash) => ['n', hash]);
      expect(await steps.run(LIST_MORE, { sessions })).to.deep.equal([readAs('a', fieldsOf(steps))]);
    });
  });

  describe('what is overdue', () => {
    const overdue = (expiredAt: number, idleSince: number) =>
      steps.run(OVERDUE, { spaces: SPACES, expiredAt: String(expiredAt), idleSince: String(idleSince) });

    it('has expired or is idle by these times, longest ago first; each is told once', async () => {
      const { now } = steps;
      await create('alive');
      await create('idle', { lastSeenAt: now - 50 });
      await create('idle longer', { lastSeenAt: now - 60 }, 'm');
      await create('just not', { lastSeenAt: now - 49 });
      await create('over', { expiresAt: now - 20, lastSeenAt: now - 80 });
      await create('over longer', { expiresAt: now - 30 }, 'm');
      await create('not quite over', { expiresAt: now - 19 });
      expect(hashesOf(await overdue(now - 20, now - 50))).to.deep.equal([
        ...['over longer', 'over', 'idle longer', 'idle'],
      ]);
    });

    it('is not what is busy; what was busy is idle again', async () => {
      const { now } = steps;
      const seen = { lastSeenAt: now - 50 };
      for (const hash of ['busy', 'was busy']) await create(hash, { ...seen, busyUntil: now + 1 });
      // Its time has come.
      await steps.redis.hset(steps.key('n', 'session', 'was busy'), 'busyUntil', String(now));
      await steps.redis.zadd(steps.key('n', 'busy'), now, 'was busy');
      expect(hashesOf(await overdue(0, now - 50))).to.deep.equal(['was busy']);
      expect(await membersOf('busy')).to.deep.equal(['busy']);
      expect(await membersOf('seen')).to.deep.equal(['was busy']);
    });

    it('is told a hundred at a time', async () => {
      const { now } = steps;
      for (let n = 0; n < 60; n += 1) {
        await create(`over ${n}`, { expiresAt: now - 100 + n, lastSeenAt: now });
        await create(`idle ${n}`, { lastSeenAt: now - 100 + n });
      }
      const found = hashesOf(await overdue(now, now - 1));
      expect(found).to.have.length(100);
      expect(found.slice(0, 60).every((hash) => hash?.startsWith('over'))).to.equal(true);
      expect(found.at(-1)).to.equal('idle 39');
    });

    it('is not what Redis has dropped, which is forgotten', async () => {
      const { now } = steps;
      await create('dropped', { expiresAt: now - 1 });
      await create('idle and dropped', { lastSeenAt: now - 50 });
      for (const hash of ['dropped', 'idle and dropped']) await drop(hash);
      expect(await overdue(now, now - 50)).to.deep.equal([]);
      for (const name of ['expires', 'seen']) expect(await membersOf(name), name).to.deep.equal([]);
    });
  });

  it('tells the places of those that are alive, under any secret', async () => {
    const { now } = steps;
    await create('alive', { expiresAt: now + 1 });
    await create('over', { expiresAt: now });
    await create('timeless');
    await steps.redis.hdel(steps.key('n', 'session', 'timeless'), 'expiresAt');
    await create('other', {}, 'm');
    const hashes = ['nothing', 'alive', 'over', 'timeless', 'other'];
    const sessions = hashes.map((hash) => SPACES.map((space) => ({ ...space, hash })));
    expect(await steps.run(REMAINING, { sessions })).to.deep.equal([2, 5]);
  });
});
