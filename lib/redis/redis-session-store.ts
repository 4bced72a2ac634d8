import { randomUUID } from 'node:crypto';

import { matchesFilter, principalKey } from '../principal.js';
import type {
  OverdueSessions,
  PrincipalFilter,
  SessionChanges,
  SessionEndReason,
  SessionLimits,
  SessionRecord,
  SessionStore,
} from '../types.js';
import { Connection, NotSent, type OnLate } from './connection.js';
import { DeleteTokens } from './delete-tokens.js';
import type { Script } from './script.js';
import type { Namespace } from './session-namespace.js';
import { SessionNews } from './session-news.js';
import {
  type RedisSessionStoreOptions,
  readSessionOptions,
  type SessionStoreSettings,
} from './session-options.js';
import { openRecord, openRecords, storedFields } from './session-record.js';
import { DELETE, DISCARD, UPDATE } from './session-scripts/change.js';
import { CREATE, UNDO } from './session-scripts/create.js';
import { GET, LIST, OVERDUE, REMAINING } from './session-scripts/find.js';
import { Undoing } from './undoing.js';

type Outcome = Awaited<ReturnType<SessionStore['create']>>;

class RedisSessionStore implements SessionStore {
  readonly shared = true;
  readonly #connection: Connection;
  /** The one key that scripts are given; they make all others of it. */
  readonly #base: string;
  readonly #spaces: SessionStoreSettings['spaces'];
  readonly #news: SessionNews;
  /** What a script needs that tells other stores. */
  readonly #telling: { readonly origin: string; readonly channel: string };
  readonly #deletes = new DeleteTokens();
  readonly #undoing = new Undoing();

  constructor({ client, spaces, prefix, timeoutMs }: SessionStoreSettings) {
    this.#connection = new Connection(client, timeoutMs);
    this.#base = `${prefix}:{sessions}`;
    this.#spaces = spaces;
    this.#telling = { origin: randomUUID(), channel: `${this.#base}:ended` };
    this.#news = new SessionNews({ client, spaces, ...this.#telling });
  }

  async create(record: SessionRecord, limits: SessionLimits): Promise<Outcome> {
    const { maxSessions, maxSessionsPerPrincipal, onLimit, busy } = limits;
    const [newest] = this.#spaces;
    const owner = principalKey(record.principal);
    const token = randomUUID();
    const input = {
      spaces: this.#named(record.id).map((named, i) => ({
        ...named,
        owner: this.#spaces[i]?.hash('owner', owner),
      })),
      fields: storedFields(newest, newest.hash('session', record.id), record),
      token,
      limits: { total: maxSessions, own: maxSessionsPerPrincipal, evicts: onLimit === 'evict-idle' },
      busy: busy.flatMap((id) => this.#named(id).map(({ ns, hash }) => `${ns}:${hash}`)),
      ...this.#telling,
    };
    const reply = await this.#run(CREATE, input).catch((error: unknown) => {
      if (!(error instanceof NotSent)) this.#undo(record.id, token);
      throw error;
    });
    const [isKept, victim] = reply as readonly unknown[];
    if (!isKept) return 'limit';
    const evicted = openRecord(this.#spaces, victim);
    return evicted ? { evicted: [evicted.id], evictedRecords: [evicted] } : { evicted: [] };
  }

  async get(id: string): Promise<SessionRecord | undefined> {
    const found = await this.#run(GET, { spaces: this.#named(id) });
    return openRecords(this.#spaces, found)[0];
  }

  async update(id: string, changes: SessionChanges): Promise<void> {
    const spaces = this.#named(id).map((named, i) => ({
      ...named,
      fields: storedFields(this.#spaces[i] as Namespace, named.hash, changes),
    }));
    if (Object.keys(spaces[0]?.fields ?? {}).length > 0) await this.#run(UPDATE, { spaces });
  }

  async delete(id: string, reason: SessionEndReason): Promise<boolean> {
    const { tokens, isRetry } = this.#deletes.take(id);
    try {
      return (await this.#run(DELETE, { spaces: this.#named(id), tokens, reason, ...this.#telling })) === 1;
    } catch (error) {
      if (isRetry || !(error instanceof NotSent)) this.#deletes.keep(id, tokens);
      throw error;
    }
  }

  async list(filter: PrincipalFilter): Promise<readonly SessionRecord[]> {
    const { subject } = filter;
    const spaces = this.#spaces.map((space) => ({
      ns: space.name,
      ...(subject !== undefined && { subject: space.hash('subject', subject) }),
    }));
    const records = openRecords(this.#spaces, await this.#run(LIST, { spaces }));
    return records.filter(({ principal }) => matchesFilter(principal, filter));
  }

  async overdue({ expiredAt, idleSince }: OverdueSessions): Promise<readonly SessionRecord[]> {
    const input = { expiredAt: String(expiredAt), idleSince: String(idleSince) };
    const spaces = this.#spaces.map(({ name }) => ({ ns: name }));
    const found = (await this.#run(OVERDUE, { spaces, ...input })) as readonly (readonly unknown[])[];
    const broken = found.filter((reply) => !openRecord(this.#spaces, reply));
    // They are over and nobody can end them: left where they are, they would hide those that come after them.
    const sessions = broken.map(([ns, hash]) => [ns, hash]);
    if (sessions.length > 0) this.#run(DISCARD, { sessions }).catch(() => {});
    return openRecords(this.#spaces, found);
  }

  async remaining(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const sessions = ids.map((id) => this.#named(id).map(({ ns, hash }) => `${ns}:session:${hash}`));
    const places = new Set((await this.#run(REMAINING, { sessions })) as readonly number[]);
    return ids.filter((_, i) => places.has(i + 1));
  }

  onDeleted(listener: (id: string, reason: SessionEndReason) => void): () => void {
    return this.#news.listen(listener);
  }

  /** Takes back a creation that its caller was told has failed. Whom it evicted, this node hears of as the others did. */
  #undo(id: string, token: string): void {
    const [space] = this.#named(id);
    const tell = (reply: unknown): void => {
      for (const { id: evicted } of openRecords(this.#spaces, reply)) this.#news.tell(evicted, 'evicted');
    };
    this.#undoing.start(async (onDone) => {
      const onLate: OnLate = (reply) => {
        tell(reply);
        onDone();
      };
      tell(await this.#run(UNDO, { space, token }, onLate));
    });
  }

  /** What a session is called under each secret. */
  #named(id: string): { readonly ns: string; readonly hash: string }[] {
    return this.#spaces.map((space) => ({ ns: space.name, hash: space.hash('session', id) }));
  }

  #run(script: Script, input: unknown, onLate?: OnLate): Promise<unknown> {
    return this.#connection.run(script, [this.#base], [JSON.stringify(input)], onLate);
  }
}

/**
 * Keeps sessions in Redis (6.2 or newer), for all processes that have the same secret. What is kept tells whoever reads it
 * neither who the users are nor their tokens nor the ids of their sessions. Each operation is one step in Redis;
 * it rejects, which is an outage, when Redis is not connected or does not answer in time.
 * Throws `TypeError` for bad options.
 *
 * @example
 * const client = await createClient({ url }).connect();
 * mcpSessionBinding({ store: redisSessionStore({ client, secret: process.env.SESSION_SECRET }) });
 */
export function redisSessionStore(options: RedisSessionStoreOptions): Required<SessionStore> {
  return new RedisSessionStore(readSessionOptions(options));
}
