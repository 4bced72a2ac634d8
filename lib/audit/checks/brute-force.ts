import { type Actor, authorizationIn, basicValue, madeUp, spoiled, withAuthorization } from '../actor.js';
import type { Fault } from '../finding.js';
import { type Check, judge, open, type Trial } from '../trial.js';
import { parseChallenges } from '../wire/challenges.js';
import { headersOf } from '../wire/reply.js';

const STANDARDS = ['OWASP ASVS 5.0, 6.3.1', 'NIST SP 800-63B §5.2.2'];

const UNLIMITED: Fault = {
  id: 'guesses-unlimited',
  title: 'Passwords can be guessed without limit',
  severity: 'medium',
  reason: 'All wrong passwords, sent one after the other, were looked at; nothing slowed them down.',
  standards: STANDARDS,
  fix: 'Limit failed logins by account and by address (mcpLoginLimiter), before the guards that verify.',
};

const TOKENS: Fault = {
  ...UNLIMITED,
  id: 'token-guesses-unlimited',
  title: 'Tokens can be guessed without limit',
  severity: 'advice',
  reason:
    'All wrong tokens, sent one after the other, were looked at. Long random tokens and signatures bear that; short keys do not.',
};

const NO_RETRY_AFTER: Fault = {
  id: 'throttle-without-retry-after',
  title: '429 does not say when to come back',
  severity: 'advice',
  reason: 'Clients that are not told try again at once, and stay out.',
  standards: ['RFC 6585 §4', 'RFC 9110 §10.2.3'],
  fix: 'Send Retry-After with 429.',
};

export const bruteForce: Check = {
  id: 'brute-force',
  title: 'Guesses are limited',
  faults: [UNLIMITED, TOKENS, NO_RETRY_AFTER],
  async run(trial) {
    const { guesses, open: openEras } = trial;
    if (!guesses) return trial.leave('nobody asked for it');
    if (openEras.length > 0) return trial.leave('no credential is needed, so there is nothing to guess');
    const guesser = guesserFor(trial, guesses.account ?? madeUp());
    if (!guesser)
      return trial.leave('the endpoint names neither Basic nor Bearer, and no credential was given');
    for (let n = 1; n <= guesses.count; n += 1) {
      const reply = await open(trial, { as: guesser.next() });
      if (reply.status === 401) continue;
      if (reply.status !== 429)
        return trial.leave(`guess ${n} was answered ${reply.status}, and the guessing ended`);
      const sent = `${n} wrong credentials in a row`;
      const isTold = headersOf(reply, 'retry-after').length > 0;
      return judge(trial, NO_RETRY_AFTER, isTold ? [] : [{ sent, seen: '429 without Retry-After' }]);
    }
    return trial.find(guesser.fault, {
      sent: `${guesses.count} wrong credentials in a row`,
      seen: 'each of them was answered 401',
    });
  },
};

interface Guesser {
  readonly fault: Fault;
  next(): Actor;
}

/** Guesses as the endpoint's own challenges ask for it, else as the first credential is made. */
function guesserFor({ uninvited, first }: Trial, account: string): Guesser | undefined {
  const schemes = headersOf(uninvited, 'www-authenticate').flatMap((line) =>
    (parseChallenges(line) ?? []).map(({ scheme }) => scheme),
  );
  const own = authorizationIn(first?.headers ?? []).scheme;
  if (schemes.includes('basic') || own === 'basic') {
    return { fault: UNLIMITED, next: () => withAuthorization('a guess', basicValue(account, madeUp())) };
  }
  if (schemes.includes('bearer') || own === 'bearer') {
    return { fault: TOKENS, next: () => withAuthorization('a guess', `Bearer ${madeUp()}`) };
  }
  return first && { fault: TOKENS, next: () => spoiled(first) };
}
