import type { Evidence, Fault } from '../finding.js';
import { LEGACY, toolsList } from '../messages.js';
import { begin, type Check, isAlive, judge, type Session, seen, type Trial } from '../trial.js';
import { isServed, isStreaming } from '../wire/reply.js';

const AUTHORIZATION = 'MCP 2025-11-25, authorization: requests without a valid token are answered 401';

const OPENING: Fault = {
  id: 'unauthenticated-opening',
  title: 'Anybody can begin to use the endpoint',
  severity: 'medium',
  reason: 'What a client sends first is served to callers who present no credential.',
  standards: [AUTHORIZATION, 'OWASP ASVS 5.0, 8.2.1'],
  fix: 'Mount an authentication guard before the handler, and no service account unless all that it may do is public.',
};

const TOOLS: Fault = {
  id: 'unauthenticated-tools',
  title: 'Anybody can list the tools',
  severity: 'high',
  reason:
    'A request for the tools is served to callers who present no credential: anybody learns what there is to call, and what it takes.',
  standards: [AUTHORIZATION, 'OWASP ASVS 5.0, 8.2.1'],
  fix: 'Prove the caller on every request, not only where a session begins.',
};

const STREAM: Fault = {
  id: 'unauthenticated-stream',
  title: 'Anybody can open a stream with GET',
  severity: 'high',
  reason: 'The stream of a server is opened to callers who present no credential; they hear what it sends.',
  standards: [AUTHORIZATION, 'OWASP ASVS 5.0, 8.2.1'],
  fix: 'Mount the guards for all methods (app.use), not for POST alone.',
};

const DELETE: Fault = {
  id: 'unauthenticated-delete',
  title: 'Anybody can end a session',
  severity: 'medium',
  reason:
    'A DELETE without a credential has ended a session: it served its owner before, and does not after.',
  standards: [AUTHORIZATION, 'OWASP ASVS 5.0, 8.2.2'],
  fix: 'Mount the guards for all methods (app.use), and bind sessions to the person who began them.',
};

export const unauthenticatedAccess: Check = {
  id: 'unauthenticated-access',
  title: 'Nothing is served without a credential, by any method',
  faults: [OPENING, TOOLS, STREAM, DELETE],
  async run(trial) {
    judge(
      trial,
      OPENING,
      trial.open.map((era) => ({
        sent: `the first request of ${era}, with no credential`,
        seen: 'a JSON-RPC result',
      })),
    );
    const own = trial.open.includes(LEGACY) ? await begin(trial, trial.nobody) : undefined;
    judge(trial, TOOLS, await listed(trial, own));
    await tryStream(trial, own);
    const session = trial.first && trial.hasSessions ? await begin(trial, trial.first) : undefined;
    if (session) await tryDelete(trial, session);
    else trial.leave('DELETE: there is no session that a credential began');
  },
};

async function listed(
  { target, nobody, eras }: Trial,
  own: Session | undefined,
): Promise<readonly Evidence[]> {
  const evidence: Evidence[] = [];
  for (const era of eras.length > 0 ? eras : [LEGACY]) {
    const session = era === LEGACY && own ? { session: own.id } : {};
    const reply = await target.ask({ as: nobody, message: toolsList(era), ...session });
    if (isServed(reply))
      evidence.push({ sent: `tools/list (${era}), with no credential`, seen: seen(reply) });
  }
  return evidence;
}

async function tryStream(trial: Trial, own: Session | undefined): Promise<void> {
  const session = own ? { session: own.id } : {};
  const reply = await trial.target.ask({ as: trial.nobody, method: 'GET', ...session });
  const sent = 'GET for a stream of events, with no credential';
  judge(trial, STREAM, isStreaming(reply) ? [{ sent, seen: `${reply.status}, a stream of events` }] : []);
}

async function tryDelete(trial: Trial, session: Session): Promise<void> {
  if (!(await isAlive(trial, session))) {
    trial.leave('DELETE: the session does not answer its owner');
    return;
  }
  const reply = await trial.target.ask({ as: trial.nobody, method: 'DELETE', session: session.id });
  const evidence = [
    { sent: 'DELETE of a session, with no credential', seen: seen(reply) },
    { sent: 'ping in that session by its owner', seen: 'it is not served any more' },
  ];
  judge(trial, DELETE, (await isAlive(trial, session)) ? [] : evidence);
}
