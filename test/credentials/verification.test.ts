import { expect } from 'chai';

import { Verification } from '../../lib/credentials/verification.js';
import { McpGuardError } from '../../lib/errors.js';
import { holdTimeouts } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { catchWarnings } from '../support/warnings.js';
import { present, recordingLimiter, settled } from './support.js';

const MS = 4321;
const ada = { subject: 'ada' };

const verificationOf = (maxConcurrent = 8): Verification =>
  new Verification({ owner: 'guard', timeoutMs: MS, maxConcurrent });

const never = (): Promise<never> => new Promise(() => {});

describe('Verification', () => {
  failsOnUnhandledRejections();

  describe('settles what it reserved', () => {
    const expired = { subject: 'ada', expiresAt: Date.now() / 1000 - 1 };
    const fail = (error: unknown) => () => {
      throw error;
    };
    const cases: readonly (readonly [
      answer: string,
      verify: () => unknown,
      landing: object,
      outcome: 'failed' | 'proven' | 'released',
    ])[] = [
      ['a principal', () => ada, { kind: 'proven' }, 'proven'],
      ['null', () => null, { kind: 'wrong' }, 'failed'],
      ['false', async () => false, { kind: 'wrong' }, 'failed'],
      ['a principal whose time has passed', () => expired, { kind: 'expired' }, 'released'],
      [
        'a refusal by policy',
        fail(new McpGuardError('forbidden')),
        { kind: 'refused', code: 'forbidden' },
        'released',
      ],
      ['a throw', fail(new Error('down')), { kind: 'unavailable', reason: 'verifier_error' }, 'released'],
      [
        'a rejection',
        async () => fail(new Error('down'))(),
        { kind: 'unavailable', reason: 'verifier_error' },
        'released',
      ],
      ['nonsense', () => ({}), { kind: 'unavailable', reason: 'verifier_answer' }, 'released'],
    ];
    for (const [answer, verify, landing, outcome] of cases) {
      it(`${answer}: ${outcome}`, async () => {
        using _warnings = catchWarnings();
        const limiter = recordingLimiter();
        const { request } = present('key', verify, {
          account: 'account',
          question: { limiter, client: 'client' },
        });
        expect(await verificationOf().run(request, new AbortController())).to.deep.include(landing);
        expect(limiter.log).to.deep.equal(['reserve client account', outcome]);
      });
    }

    it('silence beyond the time: released, and the verifier is told', async () => {
      using timeouts = holdTimeouts(MS);
      const limiter = recordingLimiter();
      let seen: AbortSignal | undefined;
      const { request } = present(
        'key',
        (signal) => {
          seen = signal;
          return never();
        },
        { question: { limiter, client: 'client' } },
      );
      const running = verificationOf().run(request, new AbortController());
      await settled();
      timeouts.fire();
      expect(await running).to.deep.equal({ kind: 'unavailable', reason: 'verifier_timeout' });
      expect(seen?.aborted).to.equal(true);
      expect(limiter.log).to.deep.equal(['reserve client undefined', 'released']);
    });

    it('D1 a wrong that comes too late is ignored', async () => {
      using timeouts = holdTimeouts(MS);
      const limiter = recordingLimiter();
      const slow = gate<null>();
      const { request } = present('key', () => slow.opened, { question: { limiter, client: 'client' } });
      const running = verificationOf().run(request, new AbortController());
      await settled();
      timeouts.fire();
      await running;
      slow.open(null);
      await settled();
      expect(limiter.log).to.deep.equal(['reserve client undefined', 'released']);
    });
  });

  it('reserves before it verifies', async () => {
    const reserving = gate();
    const limiter = recordingLimiter(() => reserving.opened);
    let calls = 0;
    const { request } = present(
      'key',
      () => {
        calls += 1;
        return ada;
      },
      { question: { limiter, client: 'client' } },
    );
    const running = verificationOf().run(request, new AbortController());
    await settled();
    expect(calls).to.equal(0);
    reserving.open();
    expect(await running).to.include({ kind: 'proven' });
    expect(calls).to.equal(1);
  });

  it('settles before it answers, so that who asks next finds it counted', async () => {
    const settling = gate();
    const limiter = {
      ...recordingLimiter(),
      reserve: async () => ({ settle: () => settling.opened }),
    };
    const { request } = present('key', () => null, { question: { limiter, client: 'client' } });
    let hasAnswered = false;
    const running = verificationOf()
      .run(request, new AbortController())
      .finally(() => {
        hasAnswered = true;
      });
    await settled();
    expect(hasAnswered).to.equal(false);
    settling.open();
    await running;
  });

  it('verifies without points where there is no limiter', async () => {
    const { request } = present('key', () => ada);
    expect(await verificationOf().run(request, new AbortController())).to.include({ kind: 'proven' });
  });

  describe('calls no verifier', () => {
    let calls = 0;
    const unheard = (): typeof ada => {
      calls += 1;
      return ada;
    };
    beforeEach(() => {
      calls = 0;
    });
    afterEach(() => {
      expect(calls).to.equal(0);
    });

    for (const error of [
      new McpGuardError('too_many_attempts', { retryAfterSeconds: 7 }),
      new McpGuardError('unavailable'),
    ]) {
      it(`when the limiter says ${error.code}`, async () => {
        const limiter = recordingLimiter(() => Promise.reject(error));
        const { request } = present('key', unheard, { question: { limiter, client: 'client' } });
        const { code, retryAfterSeconds } = error;
        expect(await verificationOf().run(request, new AbortController())).to.deep.equal({
          kind: 'held',
          refusal: { code, retryAfterSeconds },
        });
      });
    }

    it('when the limiter breaks', async () => {
      const limiter = recordingLimiter(() => Promise.reject(new Error('bug')));
      const { request } = present('key', unheard, { question: { limiter, client: 'client' } });
      expect(await verificationOf().run(request, new AbortController())).to.deep.equal({
        kind: 'held',
        refusal: { code: 'unavailable', retryAfterSeconds: undefined },
      });
    });

    it('when the limiter does not answer in time, and gives back what it reserves after all', async () => {
      using timeouts = holdTimeouts(MS);
      const slow = gate();
      const limiter = recordingLimiter(() => slow.opened);
      const { request } = present('key', unheard, { question: { limiter, client: 'client' } });
      const controller = new AbortController();
      const running = verificationOf().run(request, controller);
      await settled();
      timeouts.fire();
      expect(await running).to.deep.include({ kind: 'held' });
      expect(controller.signal.aborted).to.equal(true);
      slow.open();
      await settled();
      expect(limiter.log).to.deep.equal(['reserve client undefined', 'released']);
    });

    it('when the limiter rejects after the time', async () => {
      using timeouts = holdTimeouts(MS);
      const slow = gate();
      const limiter = recordingLimiter(() => slow.opened);
      const { request } = present('key', unheard, { question: { limiter, client: 'client' } });
      const running = verificationOf().run(request, new AbortController());
      await settled();
      timeouts.fire();
      await running;
      slow.fail(new Error('late'));
      await settled();
      expect(limiter.log).to.deep.equal(['reserve client undefined']);
    });

    it('for clients that are all gone, and gives the points back', async () => {
      const limiter = recordingLimiter();
      const { request } = present('key', unheard, { question: { limiter, client: 'client' } });
      const controller = new AbortController();
      controller.abort();
      expect(await verificationOf().run(request, controller)).to.include({ kind: 'unavailable' });
      expect(limiter.log).to.deep.equal(['reserve client undefined', 'released']);
    });

    it('D4 beyond maxConcurrent, and gives the points back', async () => {
      const verification = verificationOf(2);
      const slow = gate<typeof ada>();
      const running = [1, 2].map(() =>
        verification.run(present('key', () => slow.opened).request, new AbortController()),
      );
      await settled();
      const limiter = recordingLimiter();
      const { request } = present('key', unheard, { question: { limiter, client: 'client' } });
      expect(await verification.run(request, new AbortController())).to.deep.equal({
        kind: 'unavailable',
        reason: 'overloaded',
      });
      expect(limiter.log).to.deep.equal(['reserve client undefined', 'released']);
      slow.open(ada);
      await Promise.all(running);
    });
  });

  for (const [how, verify] of [
    ['answer', () => ada],
    [
      'throw',
      () => {
        throw new Error('x');
      },
    ],
    ['reject', async () => Promise.reject(new Error('x'))],
  ] as const) {
    it(`verifiers that ${how} leave their place`, async () => {
      const verification = verificationOf(1);
      for (let i = 0; i < 3; i += 1) {
        await verification.run(present('key', verify).request, new AbortController());
      }
      const { request } = present('key', () => ada);
      expect(await verification.run(request, new AbortController())).to.include({ kind: 'proven' });
    });
  }

  it('a verdict of wrong counts although the client has gone', async () => {
    const limiter = recordingLimiter();
    const slow = gate<null>();
    const { request } = present('key', () => slow.opened, { question: { limiter, client: 'client' } });
    const controller = new AbortController();
    const running = verificationOf().run(request, controller);
    await settled();
    controller.abort();
    slow.open(null);
    expect(await running).to.deep.equal({ kind: 'wrong' });
    expect(limiter.log).to.deep.equal(['reserve client undefined', 'failed']);
  });

  it('a verifier that gives up because the client has gone costs nothing', async () => {
    const limiter = recordingLimiter();
    const { request } = present(
      'key',
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
      { question: { limiter, client: 'client' } },
    );
    const controller = new AbortController();
    const running = verificationOf().run(request, controller);
    await settled();
    controller.abort();
    expect(await running).to.deep.equal({ kind: 'unavailable', reason: 'verifier_error' });
    expect(limiter.log).to.deep.equal(['reserve client undefined', 'released']);
  });

  it('answers nobody whom it could not count', async () => {
    for (const answer of [null, ada]) {
      const limiter = {
        ...recordingLimiter(),
        reserve: async () => ({ settle: () => Promise.reject(new Error('down')) }),
      };
      const { request } = present('key', () => answer, { question: { limiter, client: 'client' } });
      expect(await verificationOf().run(request, new AbortController())).to.deep.equal({
        kind: 'unavailable',
        reason: 'limiter_error',
      });
    }
  });

  it('waits no longer for the limiter to count than for anything else', async () => {
    using timeouts = holdTimeouts(MS);
    const limiter = { ...recordingLimiter(), reserve: async () => ({ settle: never }) };
    const { request } = present('key', () => ada, { question: { limiter, client: 'client' } });
    const running = verificationOf().run(request, new AbortController());
    const admitting = verificationOf().admit(request);
    await settled();
    timeouts.fire();
    expect(await running).to.deep.equal({ kind: 'unavailable', reason: 'limiter_error' });
    expect(await admitting).to.include({ code: 'unavailable' });
  });

  describe('vouch', () => {
    it('makes the client known', async () => {
      const limiter = recordingLimiter();
      const question = { limiter, client: 'client' };
      await verificationOf().vouch(present('key', never, { account: 'ada', question }).request);
      expect(limiter.log).to.deep.equal(['vouch client ada']);
    });

    it('does nothing where there is no limiter', async () => {
      await verificationOf().vouch(present('key', never).request);
    });

    for (const [what, vouch] of [
      ['rejects', () => Promise.reject(new Error('down'))],
      ['hangs', never],
    ] as const) {
      it(`goes on where the limiter ${what}`, async () => {
        using timeouts = holdTimeouts(MS);
        const question = { limiter: { ...recordingLimiter(), vouch }, client: 'client' };
        const vouching = verificationOf().vouch(present('key', never, { question }).request);
        await settled();
        timeouts.fire();
        await vouching;
      });
    }
  });

  describe('admit', () => {
    it('asks as for a verification that proved the credential', async () => {
      const limiter = recordingLimiter();
      const { request } = present('key', never, {
        account: 'ada',
        question: { limiter, client: 'client' },
      });
      expect(await verificationOf().admit(request)).to.equal(undefined);
      expect(limiter.log).to.deep.equal(['reserve client ada', 'proven']);
    });

    it('answers the refusal', async () => {
      const limiter = recordingLimiter(() =>
        Promise.reject(new McpGuardError('too_many_attempts', { retryAfterSeconds: 9 })),
      );
      const { request } = present('key', never, { question: { limiter, client: 'client' } });
      expect(await verificationOf().admit(request)).to.deep.equal({
        code: 'too_many_attempts',
        retryAfterSeconds: 9,
      });
    });

    it('answers an outage where the limiter cannot settle', async () => {
      const limiter = {
        ...recordingLimiter(),
        reserve: async () => ({ settle: () => Promise.reject(new Error('down')) }),
      };
      const { request } = present('key', never, { question: { limiter, client: 'client' } });
      expect(await verificationOf().admit(request)).to.include({ code: 'unavailable' });
    });
  });
});
