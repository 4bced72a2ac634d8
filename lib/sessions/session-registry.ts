import { randomBytes } from 'node:crypto';

import { McpGuardError } from '../errors.js';
import type { Publish } from '../events.js';
import { matchesFilter, plainPrincipal, principalKey, sealPrincipal } from '../principal.js';
import type { ProofKeeper } from '../request-state.js';
import type {
  Principal,
  PrincipalFilter,
  SessionEndReason,
  SessionLimits,
  SessionRecord,
  SessionStore,
} from '../types.js';
import { withinTime } from '../within-time.js';
import type { Exchange } from './exchange.js';
import { LiveSession, refusalAfter } from './live-session.js';
import { Roster } from './roster.js';
import { type Removal, takeDown } from './take-down.js';
import { Watch } from './watch.js';

export interface SessionRegistryOptions {
  readonly store: SessionStore;
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  readonly maxSessions: number;
  readonly maxSessionsPerPrincipal: number;
  readonly onLimit: 'evict-idle' | 'refuse';
  readonly recheckSeconds: number;
  readonly publish: Publish;
}

/** What a registry is made with unless its user says otherwise. */
export const REGISTRY_DEFAULTS: Omit<SessionRegistryOptions, 'store' | 'publish'> = {
  idleSeconds: 1800,
  absoluteSeconds: 43_200,
  maxSessions: 10_000,
  maxSessionsPerPrincipal: 32,
  onLimit: 'evict-idle',
  recheckSeconds: 30,
};

/** `lastSeenAt` is written at most this often. */
const TOUCH_MS = 1000;
const STORE_TIMEOUT_MS = 5000;

/** The sessions that this process serves, over the store that keeps them. One path ends a session: `end`. */
export class SessionRegistry {
  readonly options: SessionRegistryOptions;
  readonly #roster = new Roster();
  /** Ends under way: until then the record is theirs to remove. */
  readonly #endings = new Map<string, Promise<void>>();
  readonly #keepers = new Map<ProofKeeper, () => void>();
  readonly #watch: Watch;
  readonly #stopHearing: (() => void) | undefined;

  constructor(options: SessionRegistryOptions) {
    this.options = options;
    this.#watch = new Watch(this.#roster.sessions, this.#roster.exchanges, options, (session, reason) =>
      this.end(session, reason),
    );
    this.#stopHearing = options.store.onDeleted?.((id, reason) => {
      const session = this.#roster.sessions.get(id);
      if (session) void this.#finish(session, reason, 'others');
    });
  }

  /** Learns of a guard that proves credentials, so that what it finds out ends sessions and what ends here is forgotten there. */
  meet(keeper: ProofKeeper): void {
    if (this.#keepers.has(keeper)) return;
    const stops = [
      keeper.onInactive((principal) => void this.endOwned(principal, 'inactive')),
      keeper.onHeld((id) => this.#roster.sessions.get(id)),
    ];
    this.#keepers.set(keeper, () => {
      for (const stop of stops) stop();
    });
  }

  /**
   * Takes a slot for a new session of `principal`. Throws `McpGuardError`: `session_limit` where there is none,
   * `unavailable` where the store fails.
   */
  async create(principal: Principal, initialize: unknown): Promise<LiveSession> {
    const { absoluteSeconds, maxSessions, maxSessionsPerPrincipal, onLimit } = this.options;
    const now = Date.now();
    const id = randomBytes(32).toString('base64url');
    const session = new LiveSession(id, principal, now, now + absoluteSeconds * 1000);
    const busy = this.#roster.ownedBy(session.owner).flatMap((other) => (other.isBusy ? [other.id] : []));
    const limits = { maxSessions, maxSessionsPerPrincipal, onLimit, busy };
    const record: SessionRecord = {
      id,
      principal: plainPrincipal(principal),
      createdAt: now,
      lastSeenAt: now,
      expiresAt: session.expiresAt,
      initialize: { message: initialize, presented: plainPrincipal(principal) },
    };
    // Known here before the store has it, so that a revocation meanwhile finds it.
    this.#roster.add(session);
    this.#watch.wake();
    await this.#keep(session, record, limits);
    this.assertAlive(session);
    return session;
  }

  async #keep(session: LiveSession, record: SessionRecord, limits: SessionLimits): Promise<void> {
    const { store } = this.options;
    const keeping = (async () => store.create(record, limits))();
    try {
      const outcome = await this.#ask(() => keeping);
      if (outcome === 'limit') throw new McpGuardError('session_limit');
      for (const evicted of outcome.evicted) {
        const victim = this.#roster.sessions.get(evicted);
        if (victim) void this.#finish(victim, 'evicted', 'us');
      }
    } catch (error) {
      this.#roster.remove(session);
      // A store that takes it after all must not keep it.
      keeping.then((late) => late !== 'limit' && store.delete(record.id, 'failed')).catch(() => {});
      throw error;
    }
    // It may have been ended before the store had it.
    if (session.ending) await this.#ask(() => store.delete(record.id, session.endReason ?? 'failed'));
  }

  /** Keeps what `startSession` made of the principal. */
  async enrich(session: LiveSession, principal: Principal): Promise<void> {
    const { presented } = session;
    session.principal = principal;
    const isIssued = principal.token !== presented.token || principal.expiresAt !== presented.expiresAt;
    if (isIssued && principal.expiresAt !== undefined) {
      session.expiresAt = Math.min(session.expiresAt, principal.expiresAt * 1000);
    }
    const { expiresAt } = session;
    await this.#ask(() =>
      this.options.store.update(session.id, { principal: plainPrincipal(principal), expiresAt }),
    );
    this.assertAlive(session);
  }

  assertAlive(session: LiveSession): void {
    if (session.ending) throw new McpGuardError(refusalAfter(session.endReason ?? 'failed'));
  }

  /** The live session `id`, whoever owns it; ends it where its time is over. Throws `unavailable` where the store fails. */
  async find(id: string): Promise<LiveSession | undefined> {
    const record = await this.#ask(() => this.options.store.get(id));
    const session = this.#roster.sessions.get(id);
    if (!record || !session || session.ending) {
      if (session && !session.ending)
        void this.#finish(session, 'deleted', this.options.store.shared ? 'others' : 'us');
      return undefined;
    }
    const reason = this.#watch.overdue(session, Date.now());
    if (reason) void this.end(session, reason);
    return reason ? undefined : session;
  }

  open(exchange: Exchange, session: LiveSession | undefined): void {
    this.#roster.exchanges.add(exchange);
    session?.exchanges.add(exchange);
    this.#watch.wake();
  }

  closed(exchange: Exchange, session: LiveSession | undefined): void {
    this.#roster.exchanges.delete(exchange);
    session?.exchanges.delete(exchange);
    if (session) this.touch(session);
  }

  /** Idle time counts from here. */
  touch(session: LiveSession): void {
    const now = Date.now();
    session.lastSeenAt = now;
    if (session.ending || now - session.writtenAt < TOUCH_MS) return;
    session.writtenAt = now;
    this.#ask(() => this.options.store.update(session.id, { lastSeenAt: now })).catch(() => {});
  }

  /** Ends a session: once, whoever asks and however often. Resolves when everything of it is closed. */
  end(session: LiveSession, reason: SessionEndReason): Promise<void> {
    return session.ending ?? this.#finish(session, reason, 'ask');
  }

  /** Ends the sessions and streams of one principal. */
  async endOwned(principal: Principal, reason: SessionEndReason): Promise<void> {
    const owner = principalKey(principal);
    for (const exchange of this.#roster.exchanges) {
      if (principalKey(exchange.principal) === owner) exchange.end('invalid_credentials');
    }
    await Promise.all(this.#roster.ownedBy(owner).map((session) => this.end(session, reason)));
  }

  /** The records that match, without what only building a session again needs: it holds the token as it was presented. */
  async list(filter: PrincipalFilter): Promise<readonly SessionRecord[]> {
    const records = await this.#ask(() => this.options.store.list(filter));
    return records.map((record) => ({
      ...record,
      principal: sealPrincipal(record.principal),
      initialize: undefined,
    }));
  }

  /** Ends sessions by id or by principal, and makes guards forget the proofs. Resolves to how many ended. */
  async revoke(target: { readonly sessionId: string } | PrincipalFilter): Promise<number> {
    const { store } = this.options;
    const records =
      'sessionId' in target
        ? [await this.#ask(() => store.get(target.sessionId))].filter((record) => record !== undefined)
        : await this.#ask(() => store.list(target));
    const filters: readonly PrincipalFilter[] =
      'sessionId' in target ? records.map(({ principal }) => principal) : [target];
    for (const filter of filters) for (const keeper of this.#keepers.keys()) keeper.forget(filter);
    const ids = new Set(records.map(({ id }) => id));
    if (!('sessionId' in target)) {
      for (const exchange of this.#roster.exchanges)
        if (matchesFilter(exchange.principal, target)) exchange.end('session_not_found');
      // Of a session that is just beginning the store may know nothing yet.
      for (const { id, presented } of this.#roster.sessions.values())
        if (matchesFilter(presented, target)) ids.add(id);
    }
    const ended = await Promise.all([...ids].map((id) => this.#revokeOne(id)));
    return ended.filter(Boolean).length;
  }

  async #revokeOne(id: string): Promise<boolean> {
    const ending = this.#endings.get(id);
    if (ending) return ending.then(() => false);
    const session = this.#roster.sessions.get(id);
    if (!session) return this.#ask(() => this.options.store.delete(id, 'revoked'));
    const isNew = session.ending === undefined;
    await this.end(session, 'revoked');
    return isNew;
  }

  /** Ends every session that is served here, or lets go of it where the store outlives this process. */
  async close(): Promise<void> {
    this.#watch.stop();
    this.#stopHearing?.();
    for (const stop of this.#keepers.values()) stop();
    this.#keepers.clear();
    for (const exchange of this.#roster.exchanges) exchange.end('closing');
    for (const session of [...this.#roster.sessions.values()]) void this.end(session, 'shutdown');
    await Promise.all(this.#endings.values());
  }

  #finish(session: LiveSession, reason: SessionEndReason, removal: Removal): Promise<void> {
    if (session.ending) return session.ending;
    session.endReason = reason;
    this.#roster.remove(session);
    session.ending = takeDown(session, reason, removal, this.options);
    this.#endings.set(session.id, session.ending);
    void session.ending.then(() => this.#endings.delete(session.id));
    return session.ending;
  }

  /** The store's answer, within its time; whatever it throws is an outage. */
  async #ask<T>(question: () => T | PromiseLike<T>): Promise<T> {
    try {
      const answer = question();
      return isPromiseLike(answer) ? await withinTime(() => answer, STORE_TIMEOUT_MS) : answer;
    } catch (cause) {
      throw new McpGuardError('unavailable', { cause });
    }
  }
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}
