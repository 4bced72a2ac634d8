import { withAuthorization } from '../actor.js';
import type { Evidence, Fault } from '../finding.js';
import { headerOf } from '../headers.js';
import { type Check, judge, open, seen } from '../trial.js';
import { isServed } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'two-credentials-served',
  title: 'A request with two Authorization headers is served',
  severity: 'low',
  reason:
    'A proxy in front may read one of them and the server the other: what the one has checked is not who the other serves.',
  standards: ['RFC 9110 §5.3 and §11.6.2: Authorization is sent once'],
  fix: 'Refuse with 400 what brings Authorization twice; Node drops the second, so look at rawHeaders.',
};

const JUNK = 'Basic !!!';

export const twoCredentials: Check = {
  id: 'two-credentials',
  title: 'A request brings one credential',
  faults: [FAULT],
  async run(trial) {
    const own = trial.first && headerOf(trial.first.headers, 'authorization');
    if (own === undefined) {
      trial.leave('the first credential is not in Authorization, or there is none');
      return;
    }
    if (trial.open.length > 0) {
      trial.leave('no credential is needed, so that a second one changes nothing');
      return;
    }
    const evidence: Evidence[] = [];
    for (const [what, values] of [
      ['the first credential’s, then one that cannot be read', [own, JUNK]],
      ['one that cannot be read, then the first credential’s', [JUNK, own]],
    ] as const) {
      const reply = await open(trial, { as: withAuthorization('two credentials', ...values) });
      if (isServed(reply)) evidence.push({ sent: `two Authorization headers: ${what}`, seen: seen(reply) });
    }
    judge(trial, FAULT, evidence);
  },
};
