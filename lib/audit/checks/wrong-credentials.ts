import { type Actor, basicValue, madeUp, spoiled, withAuthorization } from '../actor.js';
import type { Evidence, Fault } from '../finding.js';
import { type Check, judge, open, seen } from '../trial.js';
import { isHeldUp, isServed } from '../wire/reply.js';

const SERVED: Fault = {
  id: 'wrong-credential-served',
  title: 'A wrong credential is served',
  severity: 'high',
  reason:
    'A credential that nobody was given is as good as any: it is not verified, or its refusal is passed over.',
  standards: ['RFC 6750 §3.1', 'RFC 9110 §11.6.2', 'OWASP ASVS 5.0, 8.2.1 and 16.5.3'],
  fix: 'Verify every credential that is presented, and answer 401 where that fails, with no other scheme or account to fall back to.',
};

const BROKEN: Fault = {
  id: 'wrong-credential-breaks-server',
  title: 'A wrong credential is answered as an error of the server',
  severity: 'low',
  reason: 'A verification that fails ends in an exception; clients take it for an outage, and try again.',
  standards: ['RFC 9110 §15.5.2', 'OWASP ASVS 5.0, 16.5.3'],
  fix: 'Answer 401 where a credential is wrong, and 503 only where it could not be verified.',
};

export const wrongCredentials: Check = {
  id: 'wrong-credentials',
  title: 'A wrong credential is refused',
  faults: [SERVED, BROKEN],
  async run(trial) {
    const actors: readonly Actor[] = [
      withAuthorization('a made-up Bearer token', `Bearer ${trial.wrongToken}`),
      withAuthorization('a made-up user and password', basicValue(madeUp(), madeUp())),
      ...(trial.first ? [spoiled(trial.first)] : []),
    ];
    const served: Evidence[] = [];
    const broken: Evidence[] = [];
    for (const as of actors) {
      const reply = await open(trial, { as });
      const evidence = { sent: `a request with ${as.name}`, seen: seen(reply) };
      if (isServed(reply)) served.push(evidence);
      else if (isHeldUp(reply)) trial.leave(`${as.name}: the request was held up`);
      else if (reply.status >= 500) broken.push(evidence);
    }
    judge(trial, SERVED, served);
    judge(trial, BROKEN, broken);
  },
};
