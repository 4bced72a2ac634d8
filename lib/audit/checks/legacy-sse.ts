import type { Actor } from '../actor.js';
import type { Evidence, Fault } from '../finding.js';
import { type HeldStream, holdStream } from '../held-stream.js';
import { ping } from '../messages.js';
import { alike } from '../same-answer.js';
import { shapedLike } from '../session-id.js';
import { type Check, judge, seen, type Trial } from '../trial.js';
import { isHeldUp, isOk, isStreaming, parsed, type Reply } from '../wire/reply.js';

const BINDING = 'MCP, security best practices, session hijacking';

const OPEN: Fault = {
  id: 'sse-unauthenticated',
  title: 'HTTP+SSE: anybody can begin a session',
  severity: 'high',
  reason: 'The stream that begins a session is opened to callers who present no credential.',
  standards: ['MCP 2024-11-05, transports, security warning', 'OWASP ASVS 5.0, 8.2.1'],
  fix: 'Mount the authentication guard before the old endpoint, too.',
};

const FOREIGN: Fault = {
  id: 'sse-hijack',
  title: 'HTTP+SSE: a session serves somebody else',
  severity: 'high',
  reason: 'The URL that a session’s messages go to serves whoever has it; URLs are kept in logs.',
  standards: [`${BINDING}: servers MUST verify all inbound requests`, 'OWASP ASVS 5.0, 8.2.2'],
  fix: 'Prove the caller on every POST, and compare with who began the session (mcpLegacySse).',
};

const ORACLE: Fault = {
  id: 'sse-session-oracle',
  title: 'HTTP+SSE: an answer tells that somebody else’s session exists',
  severity: 'low',
  reason: 'A session of another person is refused in another way than one that does not exist.',
  standards: [BINDING, 'OWASP ASVS 5.0, 6.3.8'],
  fix: 'Answer for a foreign session and an unknown one with the same 404.',
};

export const legacySse: Check = {
  id: 'legacy-sse',
  title: 'HTTP+SSE (2024-11-05): its sessions are their owners’ alone',
  faults: [OPEN, FOREIGN, ORACLE],
  async run(trial) {
    const { legacySse: url, target, nobody, first } = trial;
    if (!url) return trial.leave('no endpoint of that transport was given (--legacy-sse)');
    const uninvited = await holdStream(target, nobody, url);
    await uninvited.close();
    const sent = 'GET with no credential';
    judge(trial, OPEN, isStreaming(uninvited.reply) ? [{ sent, seen: 'a stream of events' }] : []);
    const stream = await holdStream(target, first ?? nobody, url);
    try {
      await within(trial, stream, url);
    } finally {
      await stream.close();
    }
  },
};

async function within(trial: Trial, stream: HeldStream, base: URL): Promise<void> {
  if (!isStreaming(stream.reply)) return trial.leave(`no stream was opened: ${seen(stream.reply)}`);
  const named = (await stream.first(({ event }) => event === 'endpoint'))?.data ?? '';
  const url = URL.canParse(named, base.href) ? new URL(named, base) : undefined;
  if (named === '' || url?.origin !== base.origin)
    return trial.leave('the stream names no URL of its own origin to send messages to');
  const { first } = trial;
  if (!first) return trial.leave('whose session it is: no credential was given');
  const others = [trial.nobody, trial.second].filter((actor) => actor !== undefined);
  const evidence: Evidence[] = [];
  for (const as of others) {
    const sent = `ping to the session of the first credential, with ${as.name}`;
    if (await isAnswered(trial, first, stream, url, as))
      evidence.push({ sent, seen: 'its answer on the stream of the first' });
  }
  judge(trial, FOREIGN, evidence);
  return trial.second && evidence.length === 0 ? await compare(trial, url, trial.second) : undefined;
}

/** An own ping goes after the other: when its answer is there, that of the other would be, too. */
async function isAnswered(
  trial: Trial,
  first: Actor,
  stream: HeldStream,
  url: URL,
  as: Actor,
): Promise<boolean> {
  const theirs = ping();
  // Whatever is answered to it: what comes of it comes on the stream.
  await trial.target.ask({ as, message: theirs, url });
  const own = ping();
  await trial.target.ask({ as: first, message: own, url });
  const came = await stream.first(({ data }) => [theirs.id, own.id].some((id) => id === idOf(data)));
  return came !== undefined && idOf(came.data) === theirs.id;
}

async function compare(trial: Trial, url: URL, as: Actor): Promise<void> {
  const unknownUrl = new URL(url);
  const ids: string[] = [];
  for (const [name, value] of url.searchParams) {
    const other = shapedLike(value);
    unknownUrl.searchParams.set(name, other);
    ids.push(value, other);
  }
  const foreign: Reply = await trial.target.ask({ as, message: ping(), url });
  const unknown: Reply = await trial.target.ask({ as, message: ping(), url: unknownUrl });
  if (isOk(foreign) || isOk(unknown) || isHeldUp(foreign) || isHeldUp(unknown))
    return trial.leave('foreign and unknown session: one of the two was not refused');
  const evidence = [
    { sent: 'ping to the session of the first credential, with the second', seen: seen(foreign) },
    { sent: 'the same, to a session that does not exist', seen: `${seen(unknown)}, and another text` },
  ];
  return judge(trial, ORACLE, alike(foreign, unknown, ids) ? [] : evidence);
}

const idOf = (data: string): unknown => (parsed(data) as { readonly id?: unknown } | null | undefined)?.id;
