import type { Evidence, Fault } from '../finding.js';
import { ping } from '../messages.js';
import { type Check, judge, seen, sessionFor } from '../trial.js';
import { isServed, isStreaming } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'session-without-credential',
  title: 'A session id alone is a credential',
  severity: 'high',
  reason:
    'A session that was begun with a credential serves requests that bring none: who reads its id in a log or a proxy has the session.',
  standards: [
    'MCP, security best practices, session hijacking: servers MUST verify all inbound requests, and MUST NOT use sessions for authentication',
    'OWASP ASVS 5.0, 8.2.1',
  ],
  fix: 'Prove the caller on every request, before the session is looked up.',
};

export const sessionWithoutCredential: Check = {
  id: 'session-without-credential',
  title: 'A session that began with a credential serves nobody without one',
  faults: [FAULT],
  async run(trial) {
    const { target, nobody, first } = trial;
    if (!first) {
      trial.leave('no credential was given');
      return;
    }
    const session = await sessionFor(trial);
    if (!session) return;
    const evidence: Evidence[] = [];
    const posted = await target.ask({ as: nobody, message: ping(), session: session.id });
    if (isServed(posted))
      evidence.push({ sent: 'ping in its session, with no credential', seen: seen(posted) });
    const opened = await target.ask({ as: nobody, method: 'GET', session: session.id });
    if (isStreaming(opened))
      evidence.push({ sent: 'GET in its session, with no credential', seen: 'a stream of events' });
    judge(trial, FAULT, evidence);
  },
};
