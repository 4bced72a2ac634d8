import type { Actor } from './actor.js';
import { AuditError } from './audit-error.js';
import { type HeaderLines, withHeaders } from './headers.js';
import type { Message } from './messages.js';
import { sessionsOf } from './sessions.js';
import { exchange, type Limits, type Request } from './wire/exchange.js';
import { eventsOf, headersOf, isEventStream, isOk, messagesOf, type Reply } from './wire/reply.js';

const MAX_BYTES = 262_144;

const MCP_HEADERS: HeaderLines = [
  ['Accept', 'application/json, text/event-stream'],
  ['Content-Type', 'application/json'],
];

/** One request to the endpoint. */
export interface Ask {
  readonly as: Actor;
  /** Default: POST. */
  readonly method?: string;
  readonly message?: Message;
  /** In place of the message's own. */
  readonly body?: string;
  /** Sent as `Mcp-Session-Id`. */
  readonly session?: string;
  /** In place of what would be sent under these names. */
  readonly headers?: HeaderLines;
  /** In place of the endpoint: for what belongs to it elsewhere. */
  readonly url?: URL;
  readonly isEnough?: (reply: Reply) => boolean;
  /** A shorter time than the endpoint's own. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The endpoint under audit: sends to it, counts, and remembers which sessions must be ended. */
export interface Target {
  readonly url: URL;
  readonly requests: number;
  /**
   * @throws AuditError once the audit is interrupted
   * @throws NoAnswer
   */
  ask(ask: Ask): Promise<Reply>;
  /** Ends the sessions that were begun, each as the one who began it. */
  endSessions(): Promise<void>;
  /** How many could not be ended. */
  readonly sessionsLeft: number;
  /** The ids of all sessions that were begun. */
  readonly sessionIds: ReadonlySet<string>;
}

/** `headers` go along with every request. Once `signal` is aborted, nothing but the end of sessions is asked for. */
export function targetAt(url: URL, headers: HeaderLines, timeoutMs: number, signal?: AbortSignal): Target {
  let requests = 0;
  const limits: Limits = { timeoutMs, maxBytes: MAX_BYTES };
  const sessions = sessionsOf((as, session) => send({ as, method: 'DELETE', session }));

  async function ask(sent: Ask): Promise<Reply> {
    if (signal?.aborted) throw new AuditError('it was interrupted');
    return send(sent);
  }

  async function send(sent: Ask): Promise<Reply> {
    requests += 1;
    const request: Request = {
      method: sent.method ?? 'POST',
      headers: headersFor(headers, sent),
      askedId: sent.message?.id,
      isEnough: sent.isEnough ?? isAnswered,
      ...bodyOf(sent),
      ...(sent.signal && { signal: sent.signal }),
    };
    const time = Math.min(timeoutMs, sent.timeoutMs ?? timeoutMs);
    const reply = await exchange(sent.url ?? url, request, { ...limits, timeoutMs: time });
    const [id] = headersOf(reply, 'mcp-session-id');
    if (sent.message?.method === 'initialize' && isOk(reply) && id) sessions.began(id, sent.as);
    return reply;
  }

  return {
    url,
    ask,
    endSessions: sessions.end,
    get requests() {
      return requests;
    },
    get sessionsLeft() {
      return sessions.left;
    },
    sessionIds: sessions.ids,
  };
}

/** A stream is read until it holds the answer; one that was asked for nothing has said enough by opening. */
function isAnswered(reply: Reply): boolean {
  if (!isEventStream(reply)) return false;
  return reply.askedId === undefined || messagesOf(reply).some(({ id }) => id === reply.askedId);
}

/** Whether a stream holds an event with an id, or has told everything. */
export const hasEventId = (reply: Reply): boolean =>
  isAnswered(reply) && eventsOf(reply).some(({ id }) => id !== undefined);

function bodyOf({ body, message }: Ask): { readonly body?: string } {
  const text = body ?? message?.body;
  return text === undefined ? {} : { body: text };
}

function headersFor(fixed: HeaderLines, { as, method, message, session, headers = [] }: Ask): HeaderLines {
  const base = method === 'GET' ? withHeaders(MCP_HEADERS, [['Accept', 'text/event-stream']]) : MCP_HEADERS;
  const named: HeaderLines = session === undefined ? [] : [['Mcp-Session-Id', session]];
  // Two lines of one name that an actor presents are both sent.
  const own = [...withHeaders(fixed, as.headers), ...(message?.headers ?? []), ...named];
  return withHeaders(withHeaders(base, own), headers);
}
