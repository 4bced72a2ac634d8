import type { Evidence, Fault } from '../finding.js';
import { ping } from '../messages.js';
import { oddSessionIds } from '../provocations.js';
import { type Check, judge, open, type Trial } from '../trial.js';
import { NoAnswer } from '../wire/exchange.js';
import { headersOf, isServed } from '../wire/reply.js';

const ERROR: Fault = {
  id: 'odd-session-id-error',
  title: 'A session id that is the name of a property breaks the request',
  severity: 'medium',
  reason: 'Sessions are looked up in a plain object, where `constructor` and its like are always found.',
  standards: ['RFC 9110 §15.5.5', 'OWASP ASVS 5.0, 16.5.3'],
  fix: 'Keep sessions in a Map, and check the form of an id before it is looked up.',
};

const CRASH: Fault = {
  id: 'odd-session-id-crash',
  title: 'A session id ends the process',
  severity: 'high',
  reason: 'One request takes the server away from everybody.',
  standards: ['OWASP ASVS 5.0, 16.5.4'],
  fix: ERROR.fix,
};

export const oddIds: Check = {
  id: 'odd-session-ids',
  title: 'Session ids that mean something to JavaScript mean nothing',
  faults: [ERROR, CRASH],
  async run(trial) {
    const { target, served, nobody, hasSessions } = trial;
    if (served && !hasSessions) {
      trial.leave('the endpoint gives out no session ids');
      return;
    }
    const errors: Evidence[] = [];
    for (const session of oddSessionIds) {
      const sent = `ping with Mcp-Session-Id: ${session.slice(0, 20)}`;
      try {
        const reply = await target.ask({ as: served ?? nobody, message: ping(), session });
        const isBroken = reply.status >= 500 && headersOf(reply, 'retry-after').length === 0;
        if (isBroken || isServed(reply)) errors.push({ sent, seen: String(reply.status) });
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        if (!(await hasGone(trial))) errors.push({ sent, seen: trial.show(error.message) });
        else
          return trial.find(CRASH, { sent, seen: `${trial.show(error.message)}; nothing answers any more` });
      }
    }
    return judge(trial, ERROR, errors);
  },
};

async function hasGone(trial: Trial): Promise<boolean> {
  const as = trial.served ?? trial.nobody;
  return open(trial, { as }).then(
    () => false,
    () => true,
  );
}
