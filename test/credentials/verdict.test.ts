import { inspect } from 'node:util';

import { expect } from 'chai';

import { Abstained, readAnswer, readThrown } from '../../lib/credentials/verdict.js';
import { guardErrorCodes, McpGuardError } from '../../lib/errors.js';
import { withinTime } from '../../lib/within-time.js';
import { holdTimeouts } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { catchWarnings } from '../support/warnings.js';
import { settled } from './support.js';

describe('readAnswer', () => {
  it('takes a principal for a proof, sealed', () => {
    const verdict = readAnswer({ subject: 'ada', token: 'jwt', extra: 'dropped' }, 'guard');
    expect(verdict.kind).to.equal('proven');
    const { principal } = verdict as Extract<typeof verdict, { kind: 'proven' }>;
    expect(principal).to.include({ subject: 'ada', token: 'jwt' });
    expect(principal).to.not.have.property('extra');
    expect(inspect(principal)).to.not.include('jwt');
  });

  for (const answer of [null, false]) {
    it(`D2 takes ${answer} for a wrong credential, without a warning`, () => {
      using warnings = catchWarnings();
      expect(readAnswer(answer, 'guard')).to.deep.equal({ kind: 'wrong' });
      expect(warnings.texts).to.have.length(0);
    });
  }

  const noAnswers: readonly unknown[] = [
    undefined,
    true,
    0,
    1,
    '',
    'true',
    'ada',
    {},
    [],
    [{ subject: 'ada' }],
    { authenticated: false },
    { subject: '' },
    { subject: 7 },
    { subject: null },
    { subject: ['ada'] },
    { subject: 'ada', expiresAt: '2030' },
    { subject: 'ada', expiresAt: Number.NaN },
    { subject: 'ada', scopes: 'read' },
    { subject: 'ada', tenant: 5 },
    () => ({ subject: 'ada' }),
  ];
  for (const answer of noAnswers) {
    it(`D2 takes ${inspect(answer)} for no answer, and says so loudly`, () => {
      using warnings = catchWarnings();
      expect(readAnswer(answer, 'mcpBasicAuth')).to.deep.equal({
        kind: 'unavailable',
        reason: 'verifier_answer',
      });
      expect(warnings.codes).to.deep.equal(['MCP_GUARD_VERIFIER_ANSWER']);
      expect(warnings.texts[0]).to.match(/^mcpBasicAuth: the verifier answered something/);
      expect(warnings.texts[0]).to.not.include('ada');
    });
  }
});

describe('readThrown', () => {
  for (const code of guardErrorCodes) {
    const isPolicy = code === 'forbidden' || code === 'insufficient_scope';
    it(`reads McpGuardError ${code} as ${isPolicy ? 'a refusal by policy' : 'an outage'}`, () => {
      expect(readThrown(new McpGuardError(code))).to.deep.equal(
        isPolicy ? { kind: 'refused', code } : { kind: 'unavailable', reason: 'verifier_error' },
      );
    });
  }

  it('reads an abstention', () => {
    expect(readThrown(new Abstained())).to.deep.equal({ kind: 'abstained' });
  });

  for (const thrown of [new Error('x'), 'text', null, undefined, 5, { code: 'forbidden', status: 403 }]) {
    it(`D1 reads ${inspect(thrown).split('\n')[0]} as an outage`, () => {
      expect(readThrown(thrown)).to.deep.equal({ kind: 'unavailable', reason: 'verifier_error' });
    });
  }
});

describe('withinTime', () => {
  failsOnUnhandledRejections();

  const MS = 4321;

  it('answers what the work answers, at once or later, and leaves no timer', async () => {
    using timeouts = holdTimeouts(MS);
    expect(await withinTime(() => 1, MS)).to.equal(1);
    expect(await withinTime(async () => 2, MS)).to.equal(2);
    expect(timeouts.count).to.equal(0);
  });

  it('rejects as the work throws or rejects, and leaves no timer', async () => {
    using timeouts = holdTimeouts(MS);
    const error = new Error('x');
    const fail = (): never => {
      throw error;
    };
    expect(await withinTime(fail, MS).catch((reason: unknown) => reason)).to.equal(error);
    expect(await withinTime(async () => fail(), MS).catch((reason: unknown) => reason)).to.equal(error);
    expect(timeouts.count).to.equal(0);
  });

  it('rejects when the time is over, read as a timeout, and aborts the controller', async () => {
    using timeouts = holdTimeouts(MS);
    const controller = new AbortController();
    const outcome = withinTime(() => new Promise(() => {}), MS, controller).catch(readThrown);
    expect(controller.signal.aborted).to.equal(false);
    timeouts.fire();
    expect(await outcome).to.deep.equal({ kind: 'unavailable', reason: 'verifier_timeout' });
    expect(controller.signal.aborted).to.equal(true);
  });

  it('stays a timeout although the work rejects because of the abort', async () => {
    using timeouts = holdTimeouts(MS);
    const controller = new AbortController();
    const work = (): Promise<void> =>
      new Promise((_, reject) => {
        controller.signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const outcome = withinTime(work, MS, controller).catch(readThrown);
    timeouts.fire();
    expect(await outcome).to.include({ reason: 'verifier_timeout' });
  });

  for (const late of ['answer', 'rejection'] as const) {
    it(`D1 ignores a late ${late}`, async () => {
      using timeouts = holdTimeouts(MS);
      const slow = gate<number>();
      const outcome = withinTime(() => slow.opened, MS).catch(() => 'over');
      timeouts.fire();
      if (late === 'answer') slow.open(1);
      else slow.fail(new Error('late'));
      await settled();
      expect(await outcome).to.equal('over');
    });
  }

  it('aborts nothing where the work is done in time', async () => {
    const controller = new AbortController();
    await withinTime(() => 1, MS, controller);
    expect(controller.signal.aborted).to.equal(false);
  });
});
