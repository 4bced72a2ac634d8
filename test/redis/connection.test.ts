import { setImmediate as turn } from 'node:timers/promises';

import { expect } from 'chai';

import { Connection, NotSent } from '../../lib/redis/connection.js';
import { Script } from '../../lib/redis/script.js';
import { TimeUp } from '../../lib/within-time.js';
import { stopClock } from '../support/clock.js';
import { type Gate, gate } from '../support/gate.js';
import { fakeClient } from '../support/redis-clients.js';
import { rejectionOf } from './rejected.js';

const STEP = new Script('return 1');
const ORDERED = new Script('return 2', { keepsOrder: true });
const WHOLE = ['EVAL', 'return 1', '2', 'a', 'b', 'x'];
const KNOWN = ['EVALSHA', STEP.sha, '2', 'a', 'b', 'x'];

type Answer = (command: string) => unknown;

/** A connection over a client that notes what it was sent. */
function over(answer: Answer, timeoutMs = 5000) {
  const sent: string[][] = [];
  const client = {
    ...fakeClient(async (command, ...args) => {
      sent.push([command, ...args]);
      return answer(command);
    }),
    status: 'ready',
  };
  const connection = new Connection(client, timeoutMs);
  const run = (script = STEP, onLate?: (reply: unknown) => void): Promise<unknown> =>
    connection.run(script, ['a', 'b'], ['x'], onLate);
  return { client, sent, run };
}

const failing = (error: unknown): Answer => {
  return (command) => {
    if (command === 'EVALSHA') throw error;
    return 'whole';
  };
};

/** A client of which each call waits until it is answered or broken. */
function slow(timeoutMs = 1) {
  const waiting: Gate<unknown>[] = [];
  const world = over(() => {
    const one = gate<unknown>();
    waiting.push(one);
    return one.opened;
  }, timeoutMs);
  return { ...world, waiting };
}

describe('the connection to Redis', () => {
  it('names a script by its hash, and says what it is given', async () => {
    const { run, sent } = over(() => 'done');
    expect(await run()).to.equal('done');
    expect(STEP.sha).to.equal('e0e1f9fabfc9d4800c877a703b823ac0578ff8db');
    expect(sent).to.deep.equal([KNOWN]);
  });

  it('sends the script whole where Redis does not know it', async () => {
    const { run, sent } = over(failing(new Error('NOSCRIPT No matching script.')));
    expect(await run()).to.equal('whole');
    expect(sent).to.deep.equal([KNOWN, WHOLE]);
  });

  it('sends a script whole at once where calls must keep their order', async () => {
    const { run, sent } = over(() => 'done');
    await run(ORDERED);
    expect(sent).to.deep.equal([['EVAL', 'return 2', '2', 'a', 'b', 'x']]);
  });

  for (const error of [new Error('ERR NOSCRIPT'), new Error('READONLY'), 'NOSCRIPT', undefined]) {
    it(`passes on what else it is refused with: ${String(error)}`, async () => {
      const { run, sent } = over(failing(error));
      expect(await rejectionOf(run)).to.equal(error);
      expect(sent).to.deep.equal([KNOWN]);
    });
  }

  it('sends nothing into a queue: not at once, and not a script that Redis asks for', async () => {
    const missing = new Error('NOSCRIPT');
    const { client, run, sent } = over(() => {
      client.status = 'reconnecting';
      throw missing;
    });
    expect(await rejectionOf(run)).to.equal(missing);
    expect(await rejectionOf(run))
      .to.be.instanceOf(NotSent)
      .and.to.have.property('message', 'Redis is not connected');
    expect(sent).to.deep.equal([KNOWN]);
  });

  it('sends many calls at once while Redis answers', async () => {
    using _clock = stopClock();
    const { run, sent } = over(() => 'done');
    await Promise.all([run(), run(), run()]);
    expect(sent).to.have.length(3);
  });

  it('waits no longer than it may; then one call in 250 ms asks whether Redis is back', async () => {
    using time = stopClock();
    const { run, sent, waiting } = slow();
    const late: unknown[] = [];
    expect(await rejectionOf(() => run(STEP, (reply) => late.push(reply)))).to.be.instanceOf(TimeUp);
    expect(await rejectionOf(run)).to.be.instanceOf(TimeUp);
    for (const [ms, isSent] of [
      [0, false],
      [249, false],
      [1, true],
      [249, false],
      [1, true],
    ] as const) {
      time.advance(ms);
      expect(await rejectionOf(run), String(ms)).to.be.instanceOf(isSent ? TimeUp : NotSent);
    }
    expect(sent).to.have.length(4);

    waiting[0]?.open('late');
    for (const one of waiting.slice(1, 3)) one.open('later');
    await turn();
    expect(late).to.deep.equal(['late']);
    // One is owed still.
    expect(await rejectionOf(run))
      .to.be.instanceOf(NotSent)
      .and.to.have.property('message', 'Redis does not answer');
    waiting[3]?.fail(new Error('the connection broke'));
    await turn();
    const again = run();
    waiting[4]?.open('answered');
    expect(await again).to.equal('answered');
  });

  it('tells of no late answer where there is none', async () => {
    const { run, waiting } = slow();
    const late: unknown[] = [];
    const broken = await rejectionOf(() => run(STEP, (reply) => late.push(reply)));
    waiting[0]?.fail(new Error('the connection broke'));
    const refused = over(failing(new Error('READONLY')));
    await rejectionOf(() => refused.run(STEP, (reply) => late.push(reply)));
    const answered = over(() => 'in time');
    await answered.run(STEP, (reply) => late.push(reply));
    await turn();
    expect(broken).to.be.instanceOf(TimeUp);
    expect(late).to.deep.equal([]);
  });

  it('owes nothing after a refusal', async () => {
    using _clock = stopClock();
    const { run, sent } = over(failing(new Error('READONLY')));
    await rejectionOf(run);
    await rejectionOf(run);
    await rejectionOf(run);
    expect(sent).to.have.length(3);
  });
});
