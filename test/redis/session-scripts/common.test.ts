import { expect } from 'chai';

import { UPDATE } from '../../../lib/redis/session-scripts/change.js';
import { CREATE } from '../../../lib/redis/session-scripts/create.js';
import { GET, LIST_MORE, OVERDUE } from '../../../lib/redis/session-scripts/find.js';
import { createInput, fieldsOf, HOUR_MS, keepRecord, readAs, useSteps } from './steps.js';

const SPACES = { spaces: [{ ns: 'n', hash: 'a' }] };
const INDEXES = ['expires', 'seen', 'busy', 'owner:ada', 'subject:ada'];

describe('a record in Redis', () => {
  const steps = useSteps();
  const create = (hash: string, fields: Record<string, string>) =>
    steps.run(CREATE, createInput({ hash, fields }));
  const update = (fields: Record<string, string>) =>
    steps.run(UPDATE, { spaces: [{ ns: 'n', hash: 'a', fields }] });
  const get = () => steps.run(GET, SPACES);

  /** The indexes that a session is in. */
  async function indexesOf(hash: string, among: readonly string[] = INDEXES): Promise<string[]> {
    const found: string[] = [];
    for (const name of among) {
      const key = steps.key('n', name);
      const isIn = name.startsWith('subject')
        ? await steps.redis.sismember(key, hash)
        : (await steps.redis.zscore(key, hash)) !== null;
      if (isIn) found.push(name);
    }
    return found;
  }

  it('is in the indexes that its fields say, by these times', async () => {
    const fields = fieldsOf(steps, { expiresAt: steps.now + HOUR_MS + 0.5 });
    await create('a', fields);
    expect(await indexesOf('a')).to.deep.equal(['expires', 'seen', 'owner:ada', 'subject:ada']);
    expect(await steps.redis.zscore(steps.key('n', 'expires'), 'a')).to.equal(fields.expiresAt);
    for (const name of ['seen', 'owner:ada'])
      expect(await steps.redis.zscore(steps.key('n', name), 'a')).to.equal(fields.lastSeenAt);
    expect(await get()).to.deep.equal([readAs('a', fields)]);
  });

  it('is busy until that time is there', async () => {
    for (const [after, isBusy] of [
      [1, true],
      [0, false],
      [-1, false],
    ] as const) {
      await create('a', fieldsOf(steps));
      await update({ busyUntil: String(steps.now + after) });
      const index = isBusy ? 'busy' : 'seen';
      expect(await indexesOf('a'), String(after)).to.deep.equal([
        'expires',
        index,
        'owner:ada',
        'subject:ada',
      ]);
    }
  });

  it('is kept for an hour after it has expired, and so is what it is in', async () => {
    await create('a', fieldsOf(steps, { expiresAt: steps.now + 60_000 }));
    for (const name of ['session:a', 'expires', 'seen', 'owner:ada', 'subject:ada'])
      expect(await steps.left('n', name), name).to.be.closeTo(HOUR_MS + 60_000, 30_000);
  });

  it('does not shorten the life of an index that another is in', async () => {
    await create('a', fieldsOf(steps, { expiresAt: steps.now + 5 * HOUR_MS }));
    await create('b', fieldsOf(steps, { expiresAt: steps.now + 60_000 }));
    for (const name of ['expires', 'seen', 'owner:ada', 'subject:ada'])
      expect(await steps.left('n', name), name).to.be.closeTo(6 * HOUR_MS, 30_000);
  });

  for (const [ms, isKept] of [
    [1, true],
    [0, false],
    [-1, false],
  ] as const) {
    it(`${isKept ? 'is kept' : 'is removed'} where its hour ends in ${ms} ms`, async () => {
      await create('a', fieldsOf(steps, { expiresAt: steps.now - HOUR_MS + ms }));
      expect(await get()).to.have.length(isKept ? 1 : 0);
      expect(await indexesOf('a')).to.have.length(isKept ? 4 : 0);
    });
  }

  it('can be kept for as long as anybody likes', async () => {
    await create('a', fieldsOf(steps, { expiresAt: 1e300 }));
    expect(await get()).to.have.length(1);
  });

  it('is removed where it lacks a field by which it is found', async () => {
    for (const name of ['lastSeenAt', 'expiresAt', 'owner', 'subject']) {
      const fields = fieldsOf(steps);
      await create('a', fields);
      await steps.redis.hdel(steps.key('n', 'session', 'a'), name);
      await update({ createdAt: '5' });
      expect(await get(), name).to.deep.equal([]);
      // Whose it was is not known where that is what it lacks.
      expect(await indexesOf('a', ['expires', 'seen', 'busy']), name).to.deep.equal([]);
    }
    for (const name of ['lastSeenAt', 'expiresAt']) {
      await create('b', fieldsOf(steps, { [name]: 'soon' }));
      expect(await steps.redis.exists(steps.key('n', 'session', 'b')), name).to.equal(0);
    }
  });

  it('counts as absent without its id, and is told without anything else', async () => {
    for (const name of ['principal', 'initialize', 'createdAt']) {
      await create('a', fieldsOf(steps));
      await steps.redis.hdel(steps.key('n', 'session', 'a'), name);
      const { [name]: _, ...fields } = fieldsOf(steps);
      expect(await get()).to.deep.equal([readAs('a', fields as Record<string, string>)]);
      await steps.redis.del(steps.key('n', 'session', 'a'));
    }
    await create('a', fieldsOf(steps));
    await steps.redis.hdel(steps.key('n', 'session', 'a'), 'id');
    expect(await get()).to.deep.equal([]);
  });

  it('is alive until it expires', async () => {
    await create('a', fieldsOf(steps, { expiresAt: steps.now + 1 }));
    await create('b', fieldsOf(steps, { expiresAt: steps.now }));
    await create('c', fieldsOf(steps));
    await steps.redis.hdel(steps.key('n', 'session', 'c'), 'expiresAt');
    const sessions = ['a', 'b', 'c'].map((hash) => ['n', hash]);
    const found = (await steps.run(LIST_MORE, { sessions })) as string[][];
    expect(found.map(([, hash]) => hash)).to.deep.equal(['a']);
  });

  it('is out of the indexes some time after Redis has dropped it, and nothing else is', async () => {
    const { now, redis } = steps;
    await create('alive', fieldsOf(steps));
    for (const [hash, expiresAt] of [
      ['over', now - HOUR_MS],
      ['still told', now - HOUR_MS + 1],
    ] as const) {
      for (const name of ['expires', 'seen']) await redis.zadd(steps.key('n', name), expiresAt, hash);
    }
    await keepRecord(steps, 'still told', fieldsOf(steps, { expiresAt: now - HOUR_MS + 1 }));
    await steps.run(OVERDUE, { spaces: [{ ns: 'n' }], expiredAt: '0', idleSince: '0' });
    expect(await indexesOf('over')).to.deep.equal([]);
    expect(await indexesOf('still told')).to.deep.equal(['expires', 'seen']);
    expect(await indexesOf('alive')).to.have.length(4);
  });
});
