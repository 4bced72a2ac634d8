import type { Actor } from '../actor.js';
import type { Evidence, Fault } from '../finding.js';
import { type Message, ping } from '../messages.js';
import { hasEventId } from '../target.js';
import { begin, type Check, judge, type Session, sessionFor, type Trial } from '../trial.js';
import { eventsOf, messagesOf, type Reply } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'replay-to-others',
  title: 'Answers of a session are replayed to somebody else',
  severity: 'high',
  reason: 'With Last-Event-ID somebody gets messages that were sent to another person.',
  standards: [
    'MCP 2025-11-25, transports, resumability: a server MUST NOT replay messages of another stream',
    'OWASP ASVS 5.0, 8.2.2',
  ],
  fix: 'Prove the caller and look the session up before anything is replayed, and scope the ids of events to their session.',
};

/** How long a replay may take to begin; it comes out of a store, not out of a tool. */
const REPLAY_MS = 1500;

export const sessionReplay: Check = {
  id: 'session-replay',
  title: 'Last-Event-ID brings nobody the messages of another person’s session',
  faults: [FAULT],
  async run(trial) {
    const { second } = trial;
    if (!second) {
      trial.leave('no second credential was given');
      return;
    }
    const session = await sessionFor(trial);
    if (!session) return;
    const message = ping();
    const reply = await trial.target.ask({
      ...{ as: session.owner, message, session: session.id },
      isEnough: hasEventId,
    });
    const eventId = eventsOf(reply).find(({ id }) => id !== undefined)?.id;
    if (eventId === undefined)
      return trial.leave('answers carry no event ids, so there is nothing to resume');
    if (!(await isReplayed(trial, session.owner, session.id, eventId, message)))
      return trial.leave('its own owner is replayed nothing, so there is nothing to steal');
    return judge(trial, FAULT, await stolen(trial, second, session, eventId, message));
  },
};

async function stolen(
  trial: Trial,
  second: Actor,
  session: Session,
  eventId: string,
  message: Message,
): Promise<readonly Evidence[]> {
  const own = await begin(trial, second);
  const tries: readonly (readonly [sent: string, as: Actor, session: string | undefined])[] = [
    ['GET in the session of the first credential, with the second credential', second, session.id],
    ['GET in a session of the second credential', second, own?.id],
    ['GET in the session of the first credential, with no credential', trial.nobody, session.id],
  ];
  const evidence: Evidence[] = [];
  for (const [sent, as, id] of tries) {
    if (id === undefined || (as === trial.nobody && trial.open.length > 0)) continue;
    if (await isReplayed(trial, as, id, eventId, message))
      evidence.push({
        sent: `${sent}, with Last-Event-ID of the first`,
        seen: 'the answer to the first’s own request',
      });
  }
  return evidence;
}

async function isReplayed(
  { target }: Trial,
  as: Actor,
  session: string,
  eventId: string,
  message: Message,
): Promise<boolean> {
  const hasIt = (reply: Reply): boolean => messagesOf(reply).some(({ id }) => id === message.id);
  const headers = [['Last-Event-ID', eventId]] as const;
  const ask = { as, method: 'GET', session, headers, isEnough: hasIt, timeoutMs: REPLAY_MS };
  return hasIt(await target.ask(ask));
}
