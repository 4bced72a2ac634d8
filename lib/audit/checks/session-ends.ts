import type { Fault } from '../finding.js';
import { ping } from '../messages.js';
import { shapedLike } from '../session-id.js';
import { type Check, judge, type Session, seen, sessionFor, type Trial } from '../trial.js';
import { isHeldUp, isOk, isServed } from '../wire/reply.js';

const SESSIONS = 'MCP 2025-11-25, transports, session management';

const SURVIVES: Fault = {
  id: 'session-survives-delete',
  title: 'A session goes on after it was ended',
  severity: 'medium',
  reason: 'Who signs out is not signed out: the id keeps working for whoever has it.',
  standards: [`${SESSIONS}: 404 after a session was ended`, 'OWASP ASVS 5.0, 7.4.1'],
  fix: 'Forget the session before DELETE is answered.',
};

const ENDED: Fault = {
  id: 'ended-session-status',
  title: 'An ended session is not answered 404',
  severity: 'low',
  reason:
    'Clients begin a new session after a 404 and after nothing else: others stay where they are until somebody restarts them.',
  standards: [`${SESSIONS}: MUST answer 404 after a session was ended`],
  fix: 'Answer requests for a session that is over with 404.',
};

const UNKNOWN: Fault = {
  id: 'unknown-session-status',
  title: 'An unknown session is not answered 404',
  severity: 'low',
  reason:
    'After a restart all sessions are unknown; clients begin a new one after a 404 and after nothing else.',
  standards: [`${SESSIONS}: 404 for a session that is over`],
  fix: 'Answer requests for a session that is not there with 404.',
};

export const sessionEnds: Check = {
  id: 'session-ends',
  title: 'DELETE ends a session, and what is not there is 404',
  faults: [SURVIVES, ENDED, UNKNOWN],
  async run(trial) {
    const session = await sessionFor(trial);
    if (!session) return;
    await unknown(trial, session);
    const reply = await trial.target.ask({ as: session.owner, method: 'DELETE', session: session.id });
    if (reply.status === 405)
      trial.leave('DELETE is answered 405, as MCP allows: sessions are not ended by clients');
    else if (!isOk(reply)) trial.leave(`DELETE by its owner is answered ${reply.status}`);
    else await ended(trial, session);
  },
};

async function unknown(trial: Trial, { id, owner }: Session): Promise<void> {
  const reply = await trial.target.ask({ as: owner, message: ping(), session: shapedLike(id) });
  if (isHeldUp(reply)) return trial.leave('unknown session: the request was held up');
  const sent = 'ping in a session that does not exist';
  return judge(trial, UNKNOWN, reply.status === 404 ? [] : [{ sent, seen: seen(reply) }]);
}

async function ended(trial: Trial, { id, owner }: Session): Promise<void> {
  const reply = await trial.target.ask({ as: owner, message: ping(), session: id });
  if (isHeldUp(reply)) return trial.leave('ended session: the request was held up');
  const evidence = [{ sent: 'DELETE of a session by its owner, then ping in it', seen: seen(reply) }];
  if (isServed(reply)) return trial.find(SURVIVES, ...evidence);
  return judge(trial, ENDED, reply.status === 404 ? [] : evidence);
}
