import { matchesFilter } from '../principal.js';
import type {
  OverdueSessions,
  PrincipalFilter,
  SessionChanges,
  SessionEndReason,
  SessionLimits,
  SessionRecord,
  SessionStore,
} from '../types.js';
import { NotSent } from './connection.js';
import { DeleteTokens } from './delete-tokens.js';
import { SessionCreation } from './session-creation.js';
import { SessionNews } from './session-news.js';
import {
  type RedisSessionStoreOptions,
  readSessionOptions,
  type SessionStoreSettings,
} from './session-options.js';
import { openRecord, openRecords, storedFields } from './session-record.js';
import { DELETE, DISCARD, UPDATE } from './session-scripts/change.js';
import { GET, LIST, LIST_MORE, LISTED_AT_ONCE, OVERDUE, REMAINING } from './session-scripts/find.js';
import { SessionSteps } from './session-steps.js';

class RedisSessionStore implements SessionStore {
  readonly shared = true;
  readonly #steps: SessionSteps;
  readonly #news: SessionNews;
  readonly #creation: SessionCreation;
  readonly #deletes = new DeleteTokens();

  constructor(settings: SessionStoreSettings) {
    this.#steps = new SessionSteps(settings);
    this.#news = new SessionNews(settings, `${this.#steps.base}:ended`);
    this.#creation = new SessionCreation(this.#steps, this.#news);
  }

  create(record: SessionRecord, limits: SessionLimits): ReturnType<SessionCreation['create']> {
    return this.#creation.create(record, limits);
  }

  async get(id: string): Promise<SessionRecord | undefined> {
    const found = await this.#steps.run(GET, { spaces: this.#steps.named(id) });
    return openRecords(this.#steps.spaces, found)[0];
  }

  async update(id: string, changes: SessionChanges): Promise<void> {
    if (Object.values(changes).every((value) => value === undefined)) return;
    const spaces = this.#steps.under(id, (space, hash) => ({ fields: storedFields(space, hash, changes) }));
    await this.#steps.run(UPDATE, { spaces });
  }

  async delete(id: string, reason: SessionEndReason): Promise<boolean> {
    const { tokens, isRetry } = this.#deletes.take(id);
    const input = { spaces: this.#steps.named(id), tokens, reason, ...this.#news.sender };
    try {
      return (await this.#steps.run(DELETE, input)) === 1;
    } catch (error) {
      if (isRetry || !(error instanceof NotSent)) this.#deletes.keep(id, tokens);
      throw error;
    }
  }

  async list(filter: PrincipalFilter): Promise<readonly SessionRecord[]> {
    const { subject } = filter;
    const spaces = this.#steps.spaces.map((space) => ({
      ns: space.name,
      ...(subject !== undefined && { subject: space.hash('subject', subject) }),
    }));
    const [first, others = []] = (await this.#steps.run(LIST, { spaces })) as readonly (readonly unknown[])[];
    const records = openRecords(this.#steps.spaces, first);
    for (let i = 0; i < others.length; i += LISTED_AT_ONCE) {
      const sessions = others.slice(i, i + LISTED_AT_ONCE);
      // Opened as they come: all at once would hold up this process.
      records.push(...openRecords(this.#steps.spaces, await this.#steps.run(LIST_MORE, { sessions })));
    }
    return records.filter(({ principal }) => matchesFilter(principal, filter));
  }

  async overdue({ expiredAt, idleSince }: OverdueSessions): Promise<readonly SessionRecord[]> {
    const spaces = this.#steps.spaces.map(({ name }) => ({ ns: name }));
    const input = { spaces, expiredAt: String(expiredAt), idleSince: String(idleSince) };
    const found = (await this.#steps.run(OVERDUE, input)) as readonly (readonly unknown[])[];
    const broken = found.filter((reply) => !openRecord(this.#steps.spaces, reply));
    // They are over, and nobody can end them: left where they are, they would hide those that come after them.
    const sessions = broken.map(([ns, hash]) => ({ ns, hash }));
    if (sessions.length > 0) this.#steps.run(DISCARD, { sessions }).catch(() => {});
    return openRecords(this.#steps.spaces, found);
  }

  async remaining(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const sessions = ids.map((id) => this.#steps.named(id));
    const places = new Set((await this.#steps.run(REMAINING, { sessions })) as readonly number[]);
    return ids.filter((_, i) => places.has(i + 1));
  }

  onDeleted(listener: (id: string, reason: SessionEndReason) => void): () => void {
    return this.#news.listen(listener);
  }
}

/**
 * Keeps sessions in Redis (6.2 or newer), for all processes that have the same secret. What is kept tells whoever reads it
 * neither who the users are nor their tokens nor the ids of their sessions. Each operation is one step in Redis
 * (a long list is several); it rejects, which is an outage, when Redis is not connected or does not answer in time.
 * Throws `TypeError` for bad options.
 *
 * @example
 * const client = await createClient({ url }).on('error', console.error).connect();
 * mcpSessionBinding({ store: redisSessionStore({ client, secret: process.env.SESSION_SECRET }) });
 */
export function redisSessionStore(options: RedisSessionStoreOptions): Required<SessionStore> {
  return new RedisSessionStore(readSessionOptions(options));
}
