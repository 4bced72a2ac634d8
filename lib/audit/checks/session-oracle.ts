import type { Evidence, Fault } from '../finding.js';
import { ping } from '../messages.js';
import { alike } from '../same-answer.js';
import { shapedLike } from '../session-id.js';
import type { Ask } from '../target.js';
import { type Check, judge, seen, sessionFor } from '../trial.js';
import { isHeldUp, isOk } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'session-oracle',
  title: 'An answer tells that somebody else’s session exists',
  severity: 'low',
  reason:
    'A session of another person is refused in another way than one that does not exist: ids can be tested.',
  standards: [
    'MCP 2025-11-25, transports, session management: 404 for a session that is not there',
    'OWASP ASVS 5.0, 6.3.8',
  ],
  fix: 'Answer for a foreign session, an unknown one and one that is over with the same 404.',
};

const WAYS: readonly (readonly [what: string, ask: () => Partial<Ask>])[] = [
  ['ping', () => ({ message: ping() })],
  ['GET', () => ({ method: 'GET' })],
  ['DELETE', () => ({ method: 'DELETE' })],
];

export const sessionOracle: Check = {
  id: 'session-oracle',
  title: 'A foreign session and one that does not exist are refused alike',
  faults: [FAULT],
  async run(trial) {
    const { target, second: as } = trial;
    if (!as) {
      trial.leave('no second credential was given');
      return;
    }
    const session = await sessionFor(trial);
    if (!session) return;
    const evidence: Evidence[] = [];
    let compared = 0;
    for (const [what, ask] of WAYS) {
      const unknownId = shapedLike(session.id);
      const foreign = await target.ask({ ...ask(), as, session: session.id });
      const unknown = await target.ask({ ...ask(), as, session: unknownId });
      if (isOk(foreign) || isOk(unknown) || isHeldUp(foreign) || isHeldUp(unknown)) {
        trial.leave(`${what}: one of the two was not refused`);
        continue;
      }
      compared += 1;
      if (alike(foreign, unknown, [session.id, unknownId])) continue;
      evidence.push(
        { sent: `${what} in the session of the first credential, with the second`, seen: seen(foreign) },
        { sent: 'the same, in a session that does not exist', seen: `${seen(unknown)}, and another text` },
      );
    }
    if (compared > 0) judge(trial, FAULT, evidence);
  },
};
