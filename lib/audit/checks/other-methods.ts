import type { Evidence, Fault } from '../finding.js';
import { initialize } from '../messages.js';
import { begin, type Check, isAlive, judge, seen, type Trial } from '../trial.js';
import { isOk, isServed } from '../wire/reply.js';

const SERVED: Fault = {
  id: 'other-method-served',
  title: 'Another method gets around the authentication',
  severity: 'high',
  reason:
    'A message that is refused by POST is served by another method to callers who present no credential.',
  standards: ['RFC 9110 §9.1', 'OWASP ASVS 5.0, 3.5.3 and 8.2.1'],
  fix: 'Mount the guards for all methods (app.use), and answer methods that MCP does not use with 405.',
};

const ENDED: Fault = {
  id: 'other-method-ends-session',
  title: 'A method that should be harmless ends a session',
  severity: 'medium',
  reason: 'A session did not survive methods that MCP does not use, sent without a credential.',
  standards: ['RFC 9110 §9.2.1', 'OWASP ASVS 5.0, 8.2.2'],
  fix: 'Answer methods that MCP does not use with 405.',
};

const TRACE: Fault = {
  id: 'trace-echoes',
  title: 'TRACE answers with the request',
  severity: 'low',
  reason: 'TRACE shows the headers that the server got, also those that a proxy has added.',
  standards: ['RFC 9110 §9.3.8', 'OWASP ASVS 5.0, 13.4.4'],
  fix: 'Answer TRACE with 405.',
};

const MARK = 'audit-trace-mark';

export const otherMethods: Check = {
  id: 'other-methods',
  title: 'HEAD, OPTIONS, PUT, PATCH and TRACE do no harm',
  faults: [SERVED, ENDED, TRACE],
  async run(trial) {
    const { target, nobody, served, open } = trial;
    const session = served && trial.hasSessions ? await begin(trial, served) : undefined;
    const naming = session ? { session: session.id } : {};
    for (const method of ['HEAD', 'OPTIONS']) await target.ask({ as: nobody, method, ...naming });
    if (open.length > 0)
      trial.leave('PUT and PATCH: nothing needs a credential, so there is nothing to get around');
    else judge(trial, SERVED, await written(trial));
    const traced = await target.ask({
      as: nobody,
      method: 'TRACE',
      headers: [['X-Audit-Mark', MARK]],
      ...naming,
    });
    const echoes = isOk(traced) && traced.text.includes(MARK);
    judge(
      trial,
      TRACE,
      echoes ? [{ sent: 'TRACE with a header of our own', seen: 'the header in the answer' }] : [],
    );
    if (!session) return;
    const sent = 'HEAD, OPTIONS and TRACE in a session, with no credential; then ping by its owner';
    const isEnded = !(await isAlive(trial, session));
    judge(trial, ENDED, isEnded ? [{ sent, seen: 'the session does not serve its owner any more' }] : []);
  },
};

async function written({ target, nobody }: Trial): Promise<readonly Evidence[]> {
  const evidence: Evidence[] = [];
  for (const method of ['PUT', 'PATCH']) {
    const reply = await target.ask({ as: nobody, method, message: initialize() });
    if (isServed(reply))
      evidence.push({ sent: `initialize by ${method}, with no credential`, seen: seen(reply) });
  }
  return evidence;
}
