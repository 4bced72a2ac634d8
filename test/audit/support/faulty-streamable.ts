import { randomUUID } from 'node:crypto';

import { type Exchange, type Has, refusal } from './faulty-exchange.js';
import { answerTo, type Rpc, writeEvents } from './faulty-messages.js';

interface Stored {
  readonly owner: string;
  readonly events: string[];
}

/** Streamable HTTP: sessions of 2025-11-25 with events that can be replayed, and requests of 2026-07-28. */
export function streamableFor(has: Has) {
  const sessions = new Map<string, Stored>();
  const ended = new Set<string>();

  function idFor(sent: string | undefined): string {
    if (sent && has('adopts session ids')) return sent;
    if (has('gives one id to all')) return 'f'.repeat(32);
    if (has('counts its sessions')) return `session-of-this-server-${String(sessions.size).padStart(8, '0')}`;
    if (has('gives short ids')) return randomUUID().slice(0, 8);
    return has('puts a space into ids') ? `${randomUUID()} x` : randomUUID();
  }

  /** The caller's own session; where there is none, the refusal is written. */
  function sessionOf({ header, reply, caller, request, body }: Exchange): Stored | undefined {
    const id = header('mcp-session-id') ?? '';
    if (has('keeps sessions in an object') && id in {}) return void reply(500, refusal('is not a function'));
    const session = sessions.get(id);
    const isForeign = session && (session.owner !== caller.name || !caller.isProven);
    const isLetIn =
      (request.method === 'GET' &&
        (has('streams a foreign session') ||
          (header('last-event-id') && has('replays a foreign session')))) ||
      (request.method === 'DELETE' && (has('deletes a foreign session') || has('deletes for anybody'))) ||
      (body.includes('"ping"') && has('serves foreign requests')) ||
      (body.includes('"notifications/') && has('accepts foreign notifications')) ||
      has('takes a session id for a credential');
    if (session && (!isForeign || isLetIn)) return session;
    if (isForeign && has('says that a session is foreign')) return void reply(403, refusal('not yours'));
    const isOdd = has(ended.has(id) ? 'answers 400 for ended sessions' : 'answers 400 for unknown sessions');
    return void reply(isOdd ? 400 : 404, refusal('no such session'));
  }

  function get(exchange: Exchange): unknown {
    if (!exchange.header('mcp-session-id') && has('streams to anybody'))
      return writeEvents(exchange.response, []);
    const session = sessionOf(exchange);
    if (!session) return undefined;
    const last = exchange.header('last-event-id');
    if (!last) return writeEvents(exchange.response, []);
    const from = has('replays from any session') ? [...sessions.values()] : [session];
    const isLast = (event: string): boolean => event.startsWith(`id: ${last}\n`);
    const events = from.map((stored) => stored.events).find((list) => list.some(isLast));
    if (!events) return exchange.reply(400, refusal('no such event'));
    return writeEvents(exchange.response, events.slice(events.findIndex(isLast) + 1));
  }

  function remove(exchange: Exchange): unknown {
    if (!sessionOf(exchange)) return undefined;
    const id = exchange.header('mcp-session-id') ?? '';
    if (!has('keeps sessions after DELETE')) sessions.delete(id);
    ended.add(id);
    return exchange.reply(200);
  }

  function begin(exchange: Exchange, message: Rpc): unknown {
    const sent = exchange.header('mcp-session-id');
    if (sent && has('refuses a stale id')) return exchange.reply(404, refusal('no such session'));
    const id = idFor(sent);
    const stored = { owner: exchange.caller.name, events: [] };
    sessions.set(id, stored);
    if (sent && has('adopts session ids in silence')) sessions.set(sent, stored);
    return exchange.reply(200, answerTo(message), { 'mcp-session-id': id });
  }

  function post(exchange: Exchange): unknown {
    const { header, reply, body, caller } = exchange;
    if (header('content-type') !== 'application/json' && !has('reads text/plain'))
      return reply(415, refusal('type'));
    const message = parse(body);
    if (!message) return malformed(exchange, has);
    if (message.params?._meta) {
      const isRight = header('mcp-method') === message.method || has('trusts Mcp-Method');
      return isRight ? reply(200, answerTo(message)) : reply(400, refusal('mismatch'));
    }
    if (message.method === 'initialize') return begin(exchange, message);
    if (!caller.isProven && message.method === 'tools/list') return reply(200, answerTo(message));
    const session = sessionOf(exchange);
    if (!session) return undefined;
    if (message.id === undefined) return reply(202);
    const count = session.events.push(
      `id: ${randomUUID()}\ndata: \n\n`,
      `id: ${randomUUID()}\ndata: ${JSON.stringify(answerTo(message))}\n\n`,
    );
    return writeEvents(exchange.response, session.events.slice(count - 2), true);
  }

  function serve(exchange: Exchange): unknown {
    const { request, reply } = exchange;
    if (request.method === 'POST' || (request.method === 'PUT' && has('serves PUT without looking')))
      return post(exchange);
    if (request.method === 'GET') return get(exchange);
    if (request.method === 'DELETE') return remove(exchange);
    if (request.method === 'TRACE' && has('echoes TRACE')) return reply(200, { trace: request.rawHeaders });
    if (request.method === 'HEAD')
      sessions.delete(has('ends a session on HEAD') ? (exchange.header('mcp-session-id') ?? '') : '');
    return reply(405, refusal('method'), { allow: 'GET, POST, DELETE' });
  }
  return { serve, sessions };
}

function parse(body: string): Rpc | undefined {
  try {
    const value = JSON.parse(body) as Rpc | null;
    return typeof value?.method === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function malformed({ reply }: Exchange, has: Has): unknown {
  if (has('shows a stack')) return reply(400, refusal('Error: x\n    at parse (server.js:10:20)'));
  if (has('shows a path')) return reply(400, refusal('/home/app/server/index.js: bad'));
  if (has('shows the database')) return reply(400, refusal('SQLITE_ERROR: no such table'));
  if (has('shows a page')) return reply(400, '<h1>Bad Request</h1>');
  return reply(has('breaks on bad JSON') ? 500 : 400, refusal('body'));
}
