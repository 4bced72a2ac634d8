import { Connection, headerOf, type Reply } from './connection.js';
import { endSession, type Headers, initialize, initialized, inSession } from './messages.js';

/** A request, and what its answer must be: a server that answers otherwise measures something else. */
export interface Call {
  readonly bytes: Buffer;
  readonly status: number;
  readonly text?: string;
}

/** Makes one call at a time, over a connection of its own. */
export interface Caller {
  call(): Promise<unknown>;
  /** Takes a new connection: servers close those that were idle while others had their turn. */
  renew(): Promise<void>;
  /** Tidies up after a round, unmeasured. */
  tidy?(): Promise<void>;
}

/** Sends its calls one after the other, again and again. */
export class Lane implements Caller {
  readonly #port: number;
  readonly #calls: readonly Call[];
  #connection: Connection | undefined;
  #next = 0;

  constructor(port: number, calls: readonly Call[]) {
    this.#port = port;
    this.#calls = calls;
  }

  async renew(): Promise<void> {
    this.#connection?.close();
    this.#connection = await Connection.open(this.#port);
  }

  async call(): Promise<Reply> {
    const call = this.#calls[this.#next % this.#calls.length];
    if (!call || !this.#connection) throw new Error('a lane without calls, or without a connection');
    this.#next += 1;
    return expected(call, await this.#connection.send(call.bytes));
  }
}

/** Begins session after session, each for the next of its callers, and ends them afterwards. */
export class Beginner implements Caller {
  readonly #port: number;
  readonly #callers: readonly Headers[];
  readonly #begun: Headers[] = [];
  #connection: Connection | undefined;
  #next = 0;

  constructor(port: number, callers: readonly Headers[]) {
    this.#port = port;
    this.#callers = callers;
  }

  async renew(): Promise<void> {
    this.#connection?.close();
    this.#connection = await Connection.open(this.#port);
  }

  async call(): Promise<void> {
    const headers = this.#callers[this.#next % this.#callers.length] ?? {};
    this.#next += 1;
    this.#begun.push(await initializeOn(await this.#ready(), headers));
  }

  async tidy(): Promise<void> {
    const connection = await this.#ready();
    for (const headers of this.#begun.splice(0)) {
      expected({ bytes: Buffer.alloc(0), status: 200 }, await connection.send(endSession(headers)));
    }
  }

  async #ready(): Promise<Connection> {
    if (!this.#connection) await this.renew();
    if (!this.#connection) throw new Error('no connection');
    return this.#connection;
  }
}

/** Passes the answer on where it is the one that the call expects. */
export function expected({ status, text }: Call, reply: Reply): Reply {
  if (reply.status === status && (text === undefined || reply.raw.includes(text))) return reply;
  const said = reply.raw.toString('latin1').slice(0, 2000);
  throw new Error(`expected ${status}${text ? ` with "${text.slice(0, 40)}"` : ''}, got:\n${said}`);
}

async function initializeOn(connection: Connection, headers: Headers): Promise<Headers> {
  const bytes = initialize(headers);
  const reply = expected({ bytes, status: 200, text: 'serverInfo' }, await connection.send(bytes));
  return inSession(headers, headerOf(reply, 'mcp-session-id') ?? '');
}

/** Begins a session as a client does. Resolves to the headers of the requests that follow. */
export async function beginSession(connection: Connection, headers: Headers): Promise<Headers> {
  const inIt = await initializeOn(connection, headers);
  const bytes = initialized(inIt);
  expected({ bytes, status: 202 }, await connection.send(bytes));
  return inIt;
}
