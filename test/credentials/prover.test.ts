import { expect } from 'chai';

import type { IsActive } from '../../lib/credentials/liveness.js';
import type { ProofCacheOptions } from '../../lib/credentials/proof-cache.js';
import type { ProofResult } from '../../lib/credentials/proof-result.js';
import { Prover } from '../../lib/credentials/prover.js';
import { Abstained } from '../../lib/credentials/verdict.js';
import { McpGuardError } from '../../lib/errors.js';
import { principalKey } from '../../lib/principal.js';
import type { AttemptLimiter, LoginQuestion } from '../../lib/request-state.js';
import type { Principal } from '../../lib/types.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { type Gate, gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { catchWarnings } from '../support/warnings.js';
import { type Presentation, present, recordingLimiter, settled } from './support.js';

const MS = 4321;
const ada: Principal = { subject: 'ada' };

function proverOf(
  options: { proofCache?: ProofCacheOptions | false; maxConcurrent?: number; isActive?: IsActive } = {},
): Prover {
  return new Prover({
    owner: 'guard',
    proofCache: { ttlSeconds: 60, max: 100 },
    timeoutMs: MS,
    maxConcurrent: 8,
    isActive: undefined,
    ...options,
  });
}

/** A verifier that waits for its gate, and counts its calls. */
interface Slow extends Gate<Principal | null> {
  readonly signals: AbortSignal[];
  verify(signal: AbortSignal): Promise<Principal | null>;
}

function slowVerifier(): Slow {
  const opened = gate<Principal | null>();
  const signals: AbortSignal[] = [];
  return {
    ...opened,
    signals,
    verify(signal) {
      signals.push(signal);
      return opened.opened;
    },
  };
}

/** Presents one credential again and again, and counts what reaches the verifier. */
function presenter(answer: () => unknown = () => ada): {
  calls(): number;
  from(limiter?: AttemptLimiter, client?: string, sessionId?: string): Presentation;
} {
  let calls = 0;
  return {
    calls: () => calls,
    from(limiter, client = 'client', sessionId) {
      const question: { question?: LoginQuestion } = limiter ? { question: { limiter, client } } : {};
      const verify = (): unknown => {
        calls += 1;
        return answer();
      };
      return present('key', verify, { account: 'account', sessionId, ...question });
    },
  };
}

const wrong = { kind: 'denied', code: 'invalid_credentials', reason: 'wrong' };

async function subjectOf(result: ProofResult | PromiseLike<ProofResult>): Promise<string | undefined> {
  const settledResult = await result;
  return settledResult.kind === 'proven' ? settledResult.principal.subject : undefined;
}

describe('Prover', () => {
  failsOnUnhandledRejections();

  describe('what came of it', () => {
    const fail = (error: unknown) => () => {
      throw error;
    };
    const past = { ...ada, expiresAt: Date.now() / 1000 - 1 };
    const cases: readonly (readonly [answer: string, verify: () => unknown, result: object])[] = [
      ['null', () => null, wrong],
      ['a principal in the past', () => past, { ...wrong, reason: 'expired' }],
      ['an abstention', fail(new Abstained()), { ...wrong, reason: 'abstained' }],
      [
        'a refusal by policy',
        fail(new McpGuardError('forbidden')),
        { kind: 'denied', code: 'forbidden', reason: 'forbidden' },
      ],
      [
        'a missing scope',
        fail(new McpGuardError('insufficient_scope')),
        { kind: 'denied', code: 'insufficient_scope', reason: 'insufficient_scope' },
      ],
      [
        'a throw',
        fail(new Error('secret')),
        { kind: 'denied', code: 'unavailable', reason: 'verifier_error' },
      ],
      ['nonsense', () => true, { kind: 'denied', code: 'unavailable', reason: 'verifier_answer' }],
    ];
    for (const [answer, verify, result] of cases) {
      it(`${answer} is a denial, and is not remembered as a proof`, async () => {
        using _warnings = catchWarnings();
        const prover = proverOf();
        for (let i = 0; i < 2; i += 1) {
          expect(await prover.prove(present('key', verify).request)).to.deep.equal({
            retryAfterSeconds: undefined,
            ...result,
          });
        }
      });
    }

    it('a principal is proven, freshly', async () => {
      const result = await proverOf().prove(present('key', () => ada).request);
      expect(result).to.include({ kind: 'proven', isFresh: true, deferred: undefined });
      expect(await subjectOf(result)).to.equal('ada');
    });

    it('silence is an outage', async () => {
      using timeouts = holdTimeouts(MS);
      const proving = proverOf().prove(present('key', () => new Promise(() => {})).request);
      await settled();
      timeouts.fire();
      expect(await proving).to.include({ code: 'unavailable', reason: 'verifier_timeout' });
    });

    it('more verifications than maxConcurrent are an outage, until one of them ends', async () => {
      const prover = proverOf({ maxConcurrent: 2 });
      const slow = slowVerifier();
      const running = ['a', 'b'].map((key) => prover.prove(present(key, slow.verify).request));
      expect(await prover.prove(present('c', () => ada).request)).to.include({
        code: 'unavailable',
        reason: 'overloaded',
      });
      slow.open(ada);
      await Promise.all(running);
      expect(await prover.prove(present('c', () => ada).request)).to.include({ kind: 'proven' });
    });

    for (const [code, reason] of [
      ['too_many_attempts', 'too_many_attempts'],
      ['unavailable', 'limiter_error'],
    ] as const) {
      it(`the limiter's ${code} is a denial, and no verifier is called`, async () => {
        const limiter = recordingLimiter(() =>
          Promise.reject(new McpGuardError(code, { retryAfterSeconds: 9 })),
        );
        const credential = presenter();
        expect(await proverOf().prove(credential.from(limiter).request)).to.deep.equal({
          kind: 'denied',
          code,
          reason,
          retryAfterSeconds: 9,
        });
        expect(credential.calls()).to.equal(0);
      });
    }
  });

  describe('a proof is remembered', () => {
    it('and costs neither verifier nor limiter again', async () => {
      const prover = proverOf();
      const limiter = recordingLimiter();
      const credential = presenter();
      await prover.prove(credential.from(limiter).request);
      limiter.log.length = 0;
      const again = prover.prove(credential.from(limiter).request);
      expect(again).to.include({ kind: 'proven', isFresh: false, deferred: undefined });
      expect(credential.calls()).to.equal(1);
      expect(limiter.log).to.deep.equal([]);
    });

    it('where no limiter is mounted, too', async () => {
      const prover = proverOf();
      const credential = presenter();
      await prover.prove(credential.from().request);
      expect(prover.prove(credential.from().request)).to.include({ kind: 'proven', isFresh: false });
    });

    it('for its ttlSeconds', async () => {
      using clock = stopClock();
      const prover = proverOf({ proofCache: { ttlSeconds: 5, max: 10 } });
      const credential = presenter();
      for (const [ms, calls] of [
        [0, 1],
        [4999, 1],
        [1, 2],
      ] as const) {
        clock.advance(ms);
        await prover.prove(credential.from().request);
        expect(credential.calls()).to.equal(calls);
      }
    });

    it('not where proofCache is false', async () => {
      const prover = proverOf({ proofCache: false });
      const limiter = recordingLimiter();
      const credential = presenter();
      for (let i = 1; i <= 3; i += 1) {
        expect(await prover.prove(credential.from(limiter).request)).to.include({ isFresh: true });
        expect(credential.calls()).to.equal(i);
      }
      expect(limiter.log.filter((entry) => entry === 'proven')).to.have.length(3);
    });

    it('for one credential, not for another of the same person', async () => {
      const prover = proverOf();
      await prover.prove(present('key', () => ada).request);
      expect(await prover.prove(present('other', () => null).request)).to.include(wrong);
    });

    it('until it is forgotten', async () => {
      const prover = proverOf();
      const credential = presenter();
      await prover.prove(credential.from().request);
      prover.forget({ subject: 'eve' });
      await prover.prove(credential.from().request);
      expect(credential.calls()).to.equal(1);
      prover.forget({ subject: 'ada' });
      await prover.prove(credential.from().request);
      expect(credential.calls()).to.equal(2);
    });

    for (const [second, expected] of [
      [null, wrong],
      [ada, { kind: 'proven', isFresh: true }],
    ] as const) {
      it(`not if it was to be forgotten meanwhile: verified again, ${expected.kind} for all who wait`, async () => {
        const prover = proverOf();
        const answers = [gate<Principal | null>(), gate<Principal | null>()];
        let calls = 0;
        const verify = (): Promise<Principal | null> => {
          calls += 1;
          return answers[calls - 1]?.opened ?? Promise.reject(new Error('too often'));
        };
        const proving = [1, 2].map(() => prover.prove(present('key', verify).request));
        await settled();
        prover.forget({ subject: 'ada' });
        answers[0]?.open(ada);
        await settled();
        expect(calls).to.equal(2);
        answers[1]?.open(second);
        for (const result of await Promise.all(proving)) expect(result).to.include(expected);
      });
    }

    it('although another person was to be forgotten meanwhile', async () => {
      const prover = proverOf();
      const slow = slowVerifier();
      const proving = prover.prove(present('key', slow.verify).request);
      await settled();
      prover.forget({ subject: 'eve' });
      prover.forget({ subject: 'ada', tenant: 'other' });
      slow.open(ada);
      await proving;
      expect(prover.prove(present('key', slow.verify).request)).to.include({
        kind: 'proven',
        isFresh: false,
      });
      expect(slow.signals).to.have.length(1);
    });
  });

  describe('single flight', () => {
    it('W2 200 requests with one right credential: one verifier call, one attempt, all proven', async () => {
      const prover = proverOf({ proofCache: false });
      const limiter = recordingLimiter();
      const slow = slowVerifier();
      const question = { limiter, client: 'client' };
      const proving = Array.from({ length: 200 }, () =>
        prover.prove(present('key', slow.verify, { question }).request),
      );
      await settled();
      slow.open(ada);
      const results = await Promise.all(proving);
      expect(results.every(({ kind }) => kind === 'proven')).to.equal(true);
      expect(slow.signals).to.have.length(1);
      expect(limiter.log).to.deep.equal(['reserve client undefined', 'proven']);
    });

    it('200 requests with one wrong credential: one verifier call, one failure', async () => {
      const prover = proverOf();
      const limiter = recordingLimiter();
      const slow = slowVerifier();
      const question = { limiter, client: 'client' };
      const proving = Array.from({ length: 200 }, () =>
        prover.prove(present('key', slow.verify, { question }).request),
      );
      await settled();
      slow.open(null);
      for (const result of await Promise.all(proving)) expect(result).to.include(wrong);
      expect(slow.signals).to.have.length(1);
      expect(limiter.log).to.deep.equal(['reserve client undefined', 'failed']);
    });

    it('is per credential', async () => {
      const prover = proverOf();
      const [right, bad] = [slowVerifier(), slowVerifier()];
      const proving = [
        prover.prove(present('right', right.verify).request),
        prover.prove(present('wrong', bad.verify).request),
      ];
      await settled();
      bad.open(null);
      right.open(ada);
      const results = await Promise.all(proving);
      expect(results.map(({ kind }) => kind)).to.deep.equal(['proven', 'denied']);
    });

    it('aborts the verifier once every client is gone, not before', async () => {
      const prover = proverOf();
      const slow = slowVerifier();
      const clients = [1, 2, 3].map(() => present('key', slow.verify));
      const proving = clients.map(({ request }) => prover.prove(request));
      await settled();
      for (const client of clients) {
        expect(slow.signals[0]?.aborted).to.equal(false);
        client.leave();
      }
      expect(slow.signals[0]?.aborted).to.equal(true);
      slow.open(ada);
      await Promise.all(proving);
    });

    it('joins no verification that was given up, and lets others join its successor', async () => {
      const prover = proverOf({ proofCache: false });
      const [first, second] = [slowVerifier(), slowVerifier()];
      const gone = present('key', first.verify);
      const proving = [prover.prove(gone.request)];
      await settled();
      gone.leave();
      proving.push(prover.prove(present('key', second.verify).request));
      await settled();
      first.open(null);
      await settled();
      proving.push(prover.prove(present('key', second.verify).request));
      await settled();
      expect(second.signals).to.have.length(1);
      second.open(ada);
      const results = await Promise.all(proving);
      expect(results.map(({ kind }) => kind)).to.deep.equal(['denied', 'proven', 'proven']);
    });

    it('listens to no client any more once the verification has ended', async () => {
      const prover = proverOf();
      for (const answer of [ada, null]) {
        const slow = slowVerifier();
        const presentation = present(String(answer), slow.verify);
        const proving = prover.prove(presentation.request);
        await settled();
        expect(presentation.isWatched()).to.equal(true);
        slow.open(answer);
        await proving;
        expect(presentation.isWatched()).to.equal(false);
      }
    });
  });

  describe('a wrong credential is remembered', () => {
    it('B9 for the window: repeated 10,000 times it is one verifier call and one failure', async () => {
      const prover = proverOf();
      const limiter = recordingLimiter();
      const credential = presenter(() => null);
      for (let i = 0; i < 10_000; i += 1) {
        expect(await prover.prove(credential.from(limiter).request)).to.include(wrong);
      }
      expect(credential.calls()).to.equal(1);
      expect(limiter.log).to.deep.equal(['reserve client account', 'failed']);
    });

    it('and verified again when the window is over', async () => {
      using clock = stopClock();
      const prover = proverOf();
      const limiter = recordingLimiter();
      const credential = presenter(() => null);
      for (const [ms, calls] of [
        [0, 1],
        [limiter.windowMs - 1, 1],
        [1, 2],
      ] as const) {
        clock.advance(ms);
        await prover.prove(credential.from(limiter).request);
        expect(credential.calls()).to.equal(calls);
      }
    });

    it('not where no limiter counts it', async () => {
      const prover = proverOf();
      const credential = presenter(() => null);
      for (let i = 0; i < 3; i += 1) await prover.prove(credential.from().request);
      expect(credential.calls()).to.equal(3);
    });

    it('not for a request that no limiter counts', async () => {
      const prover = proverOf();
      const credential = presenter(() => null);
      await prover.prove(credential.from(recordingLimiter()).request);
      await prover.prove(credential.from().request);
      expect(credential.calls()).to.equal(2);
    });

    it('not where the failure could not be counted', async () => {
      const prover = proverOf();
      const failing = {
        ...recordingLimiter(),
        reserve: async () => ({ settle: () => Promise.reject(new Error('down')) }),
      };
      const credential = presenter(() => null);
      expect(await prover.prove(credential.from(failing).request)).to.include({ reason: 'limiter_error' });
      await prover.prove(credential.from(recordingLimiter()).request);
      expect(credential.calls()).to.equal(2);
    });
  });

  describe('a proof remembered from another client', () => {
    async function provenFrom(client: string, isActive?: IsActive): Promise<Prover> {
      const prover = proverOf(isActive && { isActive });
      const limiter = recordingLimiter();
      await prover.prove(presenter().from(limiter, client).request);
      return prover;
    }

    /** One live session of ada's, one of eve's. */
    function withSessions(prover: Prover): void {
      const owners = new Map([
        ['of ada', principalKey(ada)],
        ['of eve', principalKey({ subject: 'eve' })],
      ]);
      prover.onHeld((id) => {
        const owner = owners.get(id);
        return owner === undefined ? undefined : { owner, proofs: [] };
      });
    }

    const full = (): Promise<never> =>
      Promise.reject(new McpGuardError('too_many_attempts', { retryAfterSeconds: 9 }));

    it('asks the limiter, once, and no verifier', async () => {
      const prover = await provenFrom('home');
      const limiter = recordingLimiter();
      const credential = presenter();
      for (let i = 0; i < 3; i += 1) {
        expect(await prover.prove(credential.from(limiter, 'elsewhere').request)).to.deep.include({
          kind: 'proven',
          isFresh: false,
          deferred: undefined,
        });
      }
      expect(limiter.log).to.deep.equal(['reserve elsewhere account', 'proven']);
      expect(credential.calls()).to.equal(0);
    });

    it('asks once for all that come at once', async () => {
      const prover = await provenFrom('home');
      const slow = gate();
      const limiter = recordingLimiter(() => slow.opened);
      const proving = Array.from({ length: 50 }, () =>
        prover.prove(presenter().from(limiter, 'elsewhere').request),
      );
      await settled();
      slow.open();
      for (const result of await Promise.all(proving)) expect(result).to.include({ kind: 'proven' });
      expect(limiter.log).to.deep.equal(['reserve elsewhere account', 'proven']);
    });

    it('asks for each client, also where all come at once', async () => {
      const prover = await provenFrom('home');
      const slow = gate();
      const limiter = recordingLimiter(() => slow.opened);
      const proving = ['a', 'b'].map((client) => prover.prove(presenter().from(limiter, client).request));
      await settled();
      expect(limiter.log).to.deep.equal(['reserve a account', 'reserve b account']);
      slow.open();
      await Promise.all(proving);
    });

    it('asks for each client', async () => {
      const prover = await provenFrom('home');
      const limiter = recordingLimiter();
      for (const client of ['a', 'b', 'home']) await prover.prove(presenter().from(limiter, client).request);
      expect(limiter.log.filter((entry) => entry.startsWith('reserve'))).to.deep.equal([
        'reserve a account',
        'reserve b account',
      ]);
    });

    it('is refused where the limiter refuses, before anybody is asked about the person', async () => {
      let asked = 0;
      const prover = await provenFrom('home', () => {
        asked += 1;
        return true;
      });
      withSessions(prover);
      for (const sessionId of [undefined, 'unknown', 'of eve']) {
        const { request } = presenter().from(recordingLimiter(full), 'elsewhere', sessionId);
        expect(await prover.prove(request)).to.deep.include({
          kind: 'denied',
          code: 'too_many_attempts',
          retryAfterSeconds: 9,
        });
      }
      expect(asked, 'at home').to.equal(1);
    });

    it('is proven with a deferred refusal where it names a session of the person, every time', async () => {
      const prover = await provenFrom('home');
      withSessions(prover);
      for (let i = 0; i < 2; i += 1) {
        const { request } = presenter().from(recordingLimiter(full), 'elsewhere', 'of ada');
        const result = await prover.prove(request);
        expect(result.kind === 'proven' && result.deferred).to.include({
          code: 'too_many_attempts',
          retryAfterSeconds: 9,
        });
        expect(await subjectOf(result)).to.equal('ada');
      }
      const result = await prover.prove(presenter().from(recordingLimiter(), 'elsewhere').request);
      expect(result).to.include({ kind: 'proven', deferred: undefined });
    });

    it('asks no more once the refusal was lifted, and vouches for the client', async () => {
      const prover = await provenFrom('home');
      withSessions(prover);
      const limiter = recordingLimiter(full);
      const result = await prover.prove(presenter().from(limiter, 'elsewhere', 'of ada').request);
      if (result.kind === 'proven') result.deferred?.lift?.();
      expect(await prover.prove(presenter().from(limiter, 'elsewhere').request)).to.include({
        deferred: undefined,
      });
      expect(limiter.log).to.deep.equal(['reserve elsewhere account', 'vouch elsewhere account']);
    });

    it('tells a guesser no more than the refusal where the person is inactive', async () => {
      let isActive = true;
      const prover = await provenFrom('home', () => isActive);
      withSessions(prover);
      isActive = false;
      expect(
        await prover.prove(presenter().from(recordingLimiter(full), 'elsewhere', 'of ada').request),
      ).to.deep.include({ kind: 'denied', code: 'too_many_attempts', retryAfterSeconds: 9 });
    });

    it('joining a verification of another client asks the limiter on its own', async () => {
      const prover = proverOf();
      const slow = slowVerifier();
      const [home, away] = [recordingLimiter(), recordingLimiter(full)];
      const proving = [
        prover.prove(present('key', slow.verify, { question: { limiter: home, client: 'home' } }).request),
        prover.prove(present('key', slow.verify, { question: { limiter: away, client: 'away' } }).request),
      ];
      await settled();
      slow.open(ada);
      const [first, second] = await Promise.all(proving);
      expect(first).to.include({ kind: 'proven', deferred: undefined });
      expect(second).to.include({ kind: 'denied', code: 'too_many_attempts' });
      expect(slow.signals).to.have.length(1);
      expect(away.log).to.deep.equal(['reserve away undefined']);
    });

    it('the same where nothing is remembered', async () => {
      const prover = proverOf({ proofCache: false });
      const slow = slowVerifier();
      const limiter = recordingLimiter();
      const proving = ['home', 'away'].map((client) =>
        prover.prove(present('key', slow.verify, { question: { limiter, client } }).request),
      );
      await settled();
      slow.open(ada);
      for (const result of await Promise.all(proving))
        expect(result).to.include({ kind: 'proven', isFresh: true });
      expect(slow.signals).to.have.length(1);
      expect(limiter.log).to.deep.equal([
        'reserve home undefined',
        'proven',
        'reserve away undefined',
        'proven',
      ]);
    });
  });

  describe('a credential that began a session which lives', () => {
    const question = (limiter: AttemptLimiter): LoginQuestion => ({ limiter, client: 'client' });

    /** A limiter that refuses until somebody vouches. */
    function refusingUntilVouched(): ReturnType<typeof recordingLimiter> {
      let isKnown = false;
      const limiter = recordingLimiter(async () => {
        if (!isKnown) throw new McpGuardError('too_many_attempts', { retryAfterSeconds: 9 });
      });
      return {
        ...limiter,
        async vouch(client, account) {
          isKnown = true;
          await limiter.vouch(client, account);
        },
      };
    }

    const sessionWith = (...keys: string[]) => ({ owner: principalKey(ada), proofs: keys });

    it('B7 is verified although its account is full: the session vouches for its client', async () => {
      const prover = proverOf();
      prover.onHeld((id) => (id === 'mine' ? sessionWith('key') : undefined));
      const limiter = refusingUntilVouched();
      let calls = 0;
      const verify = (): Principal => {
        calls += 1;
        return ada;
      };
      const { request } = present('key', verify, {
        account: 'account',
        sessionId: 'mine',
        question: question(limiter),
      });
      expect(await prover.prove(request)).to.include({ kind: 'proven', isFresh: true });
      expect(calls).to.equal(1);
      expect(limiter.log).to.deep.equal([
        'reserve client account',
        'vouch client account',
        'reserve client account',
        'proven',
      ]);
    });

    for (const [what, sessionId, key] of [
      ['another credential', 'mine', 'other'],
      ['another session', 'unknown', 'key'],
      ['no session', undefined, 'key'],
    ] as const) {
      it(`does not vouch for ${what}`, async () => {
        const prover = proverOf();
        prover.onHeld((id) => (id === 'mine' ? sessionWith('key') : undefined));
        const limiter = refusingUntilVouched();
        const { request } = present(key, () => ada, { sessionId, question: question(limiter) });
        expect(await prover.prove(request)).to.include({ kind: 'denied', code: 'too_many_attempts' });
        expect(limiter.log).to.deep.equal(['reserve client undefined']);
      });
    }

    it('vouches for nothing that was verified, and found wrong', async () => {
      const prover = proverOf();
      prover.onHeld(() => sessionWith('key'));
      const limiter = recordingLimiter();
      const credential = presenter(() => null);
      expect(await prover.prove(credential.from(limiter, 'client', 'mine').request)).to.include(wrong);
      expect(credential.calls()).to.equal(1);
      expect(limiter.log).to.deep.equal(['reserve client account', 'failed']);
    });

    it('is looked for under no id but one that was named', async () => {
      const prover = proverOf();
      const asked: unknown[] = [];
      prover.onHeld((id) => {
        asked.push(id);
        return undefined;
      });
      const limiter = refusingUntilVouched();
      for (const sessionId of [undefined, 'mine'])
        await prover.prove(present('key', () => ada, { sessionId, question: question(limiter) }).request);
      expect(asked).to.deep.equal(['mine']);
    });

    it('vouches no more once nobody knows of it', async () => {
      const prover = proverOf();
      const stop = prover.onHeld(() => sessionWith('key'));
      stop();
      const limiter = refusingUntilVouched();
      const { request } = present('key', () => ada, { sessionId: 'mine', question: question(limiter) });
      expect(await prover.prove(request)).to.include({ kind: 'denied' });
    });
  });

  describe('isActive', () => {
    it('is asked on every request, also of remembered proofs', async () => {
      let asked = 0;
      const prover = proverOf({
        isActive: () => {
          asked += 1;
          return true;
        },
      });
      for (let i = 0; i < 3; i += 1) await prover.prove(presenter().from().request);
      expect(asked).to.equal(3);
    });

    for (const [name, answer] of [
      ['false', () => false],
      ['a promise of false', async () => false],
    ] as const) {
      it(`${name}: denied as inactive, told to the listeners, and the proof is forgotten`, async () => {
        let isActive: IsActive = () => true;
        const prover = proverOf({ isActive: (principal) => isActive(principal) });
        const heard: Principal[] = [];
        const stop = prover.onInactive((principal) => heard.push(principal));
        const credential = presenter();
        await prover.prove(credential.from().request);
        isActive = answer;
        expect(await prover.prove(credential.from().request)).to.include({
          code: 'invalid_credentials',
          reason: 'inactive',
        });
        expect(heard.map(({ subject }) => subject)).to.deep.equal(['ada']);
        stop();
        await prover.prove(credential.from().request);
        expect(credential.calls()).to.equal(2);
        expect(heard).to.have.length(1);
      });
    }

    const fail = (): never => {
      throw new Error('down');
    };
    for (const [name, broken] of [
      ['throws', fail],
      ['rejects', async () => fail()],
      ['answers no boolean', () => 'yes' as unknown as boolean],
    ] as const) {
      it(`${name}: an outage, and the proof is kept`, async () => {
        let isActive: IsActive = () => true;
        const prover = proverOf({ isActive: (principal) => isActive(principal) });
        const credential = presenter();
        await prover.prove(credential.from().request);
        isActive = broken;
        expect(await prover.prove(credential.from().request)).to.include({
          code: 'unavailable',
          reason: 'verifier_error',
        });
        isActive = () => true;
        expect(await prover.prove(credential.from().request)).to.include({ kind: 'proven' });
        expect(credential.calls()).to.equal(1);
      });
    }

    it('hangs: an outage when the time is up', async () => {
      using timeouts = holdTimeouts(MS);
      const prover = proverOf({ isActive: () => new Promise(() => {}) });
      const proving = prover.prove(presenter().from().request);
      await settled();
      timeouts.fire();
      expect(await proving).to.include({ code: 'unavailable', reason: 'verifier_error' });
    });

    it('can be asked again, for a stream that is open', async () => {
      let isActive = true;
      const prover = proverOf({ isActive: () => isActive });
      const heard: Principal[] = [];
      prover.onInactive((principal) => heard.push(principal));
      expect(await prover.recheck(ada)).to.equal(true);
      isActive = false;
      expect(await prover.recheck(ada)).to.equal(false);
      expect(heard).to.deep.equal([ada]);
    });

    it('rechecks everybody as active where there is none', async () => {
      expect(await proverOf().recheck(ada)).to.equal(true);
    });
  });

  it('proves without a limiter what a limiter has refused, also where both come at once', async () => {
    const prover = proverOf();
    const limiter = recordingLimiter(() => Promise.reject(new McpGuardError('too_many_attempts')));
    const credential = presenter();
    const [refused, proven] = await Promise.all(
      [limiter, undefined].map((asked) => prover.prove(credential.from(asked).request)),
    );
    expect(refused).to.include({ kind: 'denied', code: 'too_many_attempts' });
    expect(proven).to.include({ kind: 'proven', isFresh: true });
  });

  it('where nothing is remembered nothing is forgotten', async () => {
    const prover = proverOf({ proofCache: false, isActive: () => false });
    expect(await prover.prove(present('key', () => ada).request)).to.include({
      kind: 'denied',
      code: 'invalid_credentials',
      reason: 'inactive',
    });
    prover.forget({ subject: 'ada' });
  });

  it('forgets who is proven, also while somebody is not', async () => {
    const prover = proverOf();
    const slow = slowVerifier();
    const proving = prover.prove(present('key', slow.verify).request);
    await settled();
    prover.forget({ subject: 'ada' });
    slow.open(null);
    expect(await proving).to.include(wrong);
    expect(slow.signals).to.have.length(1);
  });

  it('gives each client its own refusal, also where they present the same credential at once', async () => {
    const prover = proverOf();
    const slow = gate();
    const full = recordingLimiter(async () => {
      await slow.opened;
      throw new McpGuardError('too_many_attempts', { retryAfterSeconds: 9 });
    });
    const proving = [
      prover.prove(present('key', () => ada, { question: { limiter: full, client: 'a' } }).request),
      prover.prove(
        present('key', () => ada, { question: { limiter: recordingLimiter(), client: 'b' } }).request,
      ),
    ];
    await settled();
    slow.open();
    const [a, b] = await Promise.all(proving);
    expect(a).to.include({ kind: 'denied' });
    expect(b).to.include({ kind: 'proven' });
  });
});
