import { expect } from 'chai';

import { KNOWN_SOURCE_MS, RESERVE, SETTLE } from '../../lib/redis/login-scripts.js';
import { useSteps } from './session-scripts/steps.js';

const HOLD_MS = 60_000;

describe('the steps of a login in Redis', () => {
  const steps = useSteps();
  const reserve = (id: string, points = 1) =>
    steps.run(RESERVE, [id, String(points), String(HOLD_MS), 'ip', 'i']);
  const settle = (id: string, outcome: string) =>
    steps.run(SETTLE, [id, outcome, '600000', '5000000', String(HOLD_MS), 'ip', 'i']);

  it('an attempt holds its point for so long, and is known for as long again', async () => {
    expect(await reserve('a')).to.deep.equal(['reserved', 'ip']);
    expect(await steps.redis.zscore(steps.key('open', 'i'), 'a')).to.equal(String(steps.now + HOLD_MS));
    expect(await steps.redis.pttl(steps.key('open', 'i'))).to.be.within(1.5 * HOLD_MS, 2 * HOLD_MS);
  });

  it('a point is held until its time is there', async () => {
    for (const [after, answer] of [
      [1, ['busy', 'ip']],
      [0, ['reserved', 'ip']],
    ] as const) {
      await steps.redis.zadd(steps.key('open', 'i'), steps.now + after, 'other');
      expect(await reserve('a')).to.deep.equal(answer);
    }
  });

  it('an attempt whose point was let go is known until the end of its second time', async () => {
    for (const [name, ended] of [
      ['known', steps.now - HOLD_MS + 1],
      ['forgotten', steps.now - HOLD_MS],
    ] as const) {
      await steps.redis.zadd(steps.key('open', 'i'), ended, name);
    }
    await reserve('a');
    expect(await settle('known', 'failed')).to.equal('settled');
    expect(await settle('forgotten', 'failed')).to.equal('over');
  });

  it('an attempt that was abandoned holds no point, and gets none later', async () => {
    await reserve('a');
    expect(await settle('a', 'abandoned')).to.equal('settled');
    expect(await settle('b', 'abandoned')).to.equal('over');
    for (const id of ['a', 'b']) {
      expect(await reserve(id), id).to.deep.equal(['gone']);
      expect(await steps.redis.pttl(steps.key('gone', id))).to.be.within(HOLD_MS / 2, HOLD_MS);
    }
    expect(await reserve('c')).to.deep.equal(['reserved', 'ip']);
    await settle('c', 'released');
    expect(await reserve('c')).to.deep.equal(['reserved', 'ip']);
  });

  it('a place that has proved itself is known for thirty days, or as long as it is told', async () => {
    expect(KNOWN_SOURCE_MS).to.equal(2_592_000_000);
    const place = ['ipAccount', 's'];
    await steps.run(RESERVE, ['a', '1', String(HOLD_MS), ...place]);
    await steps.run(SETTLE, ['a', 'proven', '600000', '5000000', String(HOLD_MS), ...place]);
    expect(await steps.redis.pttl(steps.key('known', 's'))).to.be.within(2_500_000, 5_000_000);
  });

  it('is full for as long as the failures count, or at once where they never end', async () => {
    const failed = steps.key('failed', 'i');
    await reserve('a');
    await settle('a', 'failed');
    const [status, left] = (await reserve('b')) as string[];
    expect(status).to.equal('full');
    expect(Number(left)).to.be.within(300_000, 600_000);
    await steps.redis.persist(failed);
    expect(await reserve('b')).to.deep.equal(['full', '0']);
  });
});
