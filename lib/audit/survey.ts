import type { Actor } from './actor.js';
import { AuditError } from './audit-error.js';
import type { Era } from './finding.js';
import { LEGACY, MODERN, opening } from './messages.js';
import type { Target } from './target.js';
import { headersOf, isServed, messagesOf, type Reply } from './wire/reply.js';

/** What an endpoint serves, and to whom. */
export interface Survey {
  /** Who is served: the first credential; without one, nobody in particular, where the endpoint serves without. */
  readonly served: Actor | undefined;
  /** What is served to `served`. */
  readonly eras: readonly Era[];
  /** Whether `initialize` begins a session that has an id. */
  readonly hasSessions: boolean;
  /** What is served without a credential. */
  readonly open: readonly Era[];
  /** The answer to the first opening request that came without a credential. */
  readonly uninvited: Reply;
}

const ERAS: readonly Era[] = [LEGACY, MODERN];

/**
 * Finds out what the endpoint serves to nobody in particular, and to each credential.
 *
 * @throws AuditError where a credential is refused, or where there is no MCP endpoint
 * @throws NoAnswer
 */
export async function survey(target: Target, nobody: Actor, credentials: readonly Actor[]): Promise<Survey> {
  const uninvited = await openings(target, nobody);
  assertEndpoint(uninvited.replies);
  const asked = [];
  for (const actor of credentials) asked.push({ actor, ...(await openings(target, actor)) });
  for (const { actor, eras, replies } of asked) {
    if (eras.length === 0)
      throw new AuditError(`${actor.name} is not served: it is answered ${told(replies)}`);
  }
  const first = asked[0] ?? { actor: nobody, ...uninvited };
  await target.endSessions();
  return {
    served: first.eras.length > 0 ? first.actor : undefined,
    eras: first.eras,
    hasSessions: first.replies.some(
      (reply) => isServed(reply) && headersOf(reply, 'mcp-session-id').length > 0,
    ),
    open: uninvited.eras,
    uninvited: uninvited.replies[0] as Reply,
  };
}

interface Openings {
  readonly eras: readonly Era[];
  readonly replies: readonly Reply[];
}

async function openings(target: Target, as: Actor): Promise<Openings> {
  const replies: Reply[] = [];
  for (const era of ERAS) replies.push(await target.ask({ as, message: opening(era) }));
  return { replies, eras: ERAS.filter((_, i) => isServed(replies[i] as Reply)) };
}

/** Something that serves, refuses, or speaks JSON-RPC. */
function assertEndpoint(replies: readonly Reply[]): void {
  const isEndpoint = replies.some(
    (reply) => [401, 403, 429].includes(reply.status) || messagesOf(reply).length > 0,
  );
  if (isEndpoint) return;
  const [location] = replies.flatMap((reply) => headersOf(reply, 'location'));
  const where = location === undefined ? '' : '; it redirects, and redirects are not followed';
  throw new AuditError(`no MCP endpoint answers there: initialize is answered ${told(replies)}${where}`);
}

const told = (replies: readonly Reply[]): string => replies.map(({ status }) => status).join(' and ');
