import type { Actor } from '../actor.js';
import type { Fault } from '../finding.js';
import { cancelled, ping } from '../messages.js';
import { shapedLike } from '../session-id.js';
import { type Check, isAlive, judge, type Session, seen, sessionFor, type Trial } from '../trial.js';
import { isOk, isServed, isStreaming } from '../wire/reply.js';

const STANDARDS = [
  'MCP, security best practices, session hijacking: servers MUST verify all inbound requests, and SHOULD bind sessions to the user',
  'OWASP ASVS 5.0, 8.2.2',
];
const FIX =
  'Keep with each session who began it, and answer everybody else as if there were no such session: 404.';

const fault = (id: string, what: string, reason: string): Fault => ({
  id,
  title: `A session serves somebody else: ${what}`,
  severity: 'high',
  reason,
  standards: STANDARDS,
  fix: FIX,
});

const REQUEST = fault(
  'hijack-request',
  'POST of a request',
  'Another person calls in a session that is not theirs, with the server that was built for its owner.',
);
const NOTIFICATION = fault(
  'hijack-notification',
  'POST of a notification',
  'Another person sends into a session that is not theirs: a cancellation, say, of its owner’s call.',
);
const STREAM = fault(
  'hijack-stream',
  'GET of its stream',
  'Another person hears what the server sends to the owner of a session, and may take the one stream that it has.',
);
const DELETE = fault('hijack-delete', 'DELETE', 'Another person has ended a session that is not theirs.');

export const sessionHijack: Check = {
  id: 'session-hijack',
  title: 'A session serves the person who began it, and nobody else',
  faults: [REQUEST, NOTIFICATION, STREAM, DELETE],
  async run(trial) {
    const { second } = trial;
    if (!second) {
      trial.leave('no second credential was given');
      return;
    }
    const session = await sessionFor(trial);
    if (!session) return;
    await byRequest(trial, second, session);
    await byNotification(trial, second, session);
    await byStream(trial, second, session);
    await byDelete(trial, second, session);
  },
};

const sent = (what: string): string =>
  `${what} in the session of the first credential, with the second credential`;

async function byRequest(trial: Trial, as: Actor, { id }: Session): Promise<void> {
  const foreign = await trial.target.ask({ as, message: ping(), session: id });
  if (!isServed(foreign)) trial.hold();
  else if (isServed(await trial.target.ask({ as, message: ping(), session: shapedLike(id) })))
    trial.leave('POST of a request: a session id that was made up is served, too, so ids say nothing there');
  else trial.find(REQUEST, { sent: sent('ping'), seen: seen(foreign) });
}

/** A 202 alone proves nothing: it may be the answer to any notification. */
async function byNotification(trial: Trial, as: Actor, { id }: Session): Promise<void> {
  const foreign = await trial.target.ask({ as, message: cancelled(), session: id });
  if (!isOk(foreign)) return trial.hold();
  const unknown = await trial.target.ask({ as, message: cancelled(), session: shapedLike(id) });
  if (isOk(unknown)) return trial.leave('POST of a notification: one for no session at all is accepted, too');
  return trial.find(
    NOTIFICATION,
    { sent: sent('a notification'), seen: seen(foreign) },
    { sent: 'the same, in a session that does not exist', seen: seen(unknown) },
  );
}

async function byStream(trial: Trial, as: Actor, { id }: Session): Promise<void> {
  const foreign = await trial.target.ask({ as, method: 'GET', session: id });
  if (!isStreaming(foreign)) return trial.hold();
  const unknown = await trial.target.ask({ as, method: 'GET', session: shapedLike(id) });
  if (isStreaming(unknown)) return trial.leave('GET: a session id that was made up gets a stream, too');
  return trial.find(STREAM, { sent: sent('GET'), seen: `${foreign.status}, a stream of events` });
}

async function byDelete(trial: Trial, as: Actor, session: Session): Promise<void> {
  if (!(await isAlive(trial, session))) return trial.leave('DELETE: the session does not answer its owner');
  const reply = await trial.target.ask({ as, method: 'DELETE', session: session.id });
  const evidence = [
    { sent: sent('DELETE'), seen: seen(reply) },
    { sent: 'ping in that session by its owner', seen: 'it is not served any more' },
  ];
  return judge(trial, DELETE, (await isAlive(trial, session)) ? [] : evidence);
}
