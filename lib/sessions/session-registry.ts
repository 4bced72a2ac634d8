import { randomBytes } from 'node:crypto';

import { McpGuardError } from '../errors.js';
import type { Publish } from '../events.js';
import { matchesFilter, plainPrincipal, principalKey, sealPrincipal } from '../principal.js';
import type { ProofKeeper } from '../request-state.js';
import type { Principal, PrincipalFilter, SessionEndReason, SessionRecord, SessionStore } from '../types.js';
import type { Exchange } from './exchange.js';
import { Keepers } from './keepers.js';
import { LiveSession, refusalAfter } from './live-session.js';
import { type Beginning, originData } from './origin.js';
import { RecentEnds } from './recent-ends.js';
import { RecordEnds } from './record-ends.js';
import { Removals } from './removals.js';
import { Roster } from './roster.js';
import { StoredSessions } from './stored-sessions.js';
import { Sweep } from './sweep.js';
import { type RecordFate, takeDown } from './take-down.js';
import { Watch } from './watch.js';

export interface SessionRegistryOptions {
  readonly store: SessionStore;
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  readonly maxSessions: number;
  readonly maxSessionsPerPrincipal: number;
  readonly onLimit: 'evict-idle' | 'refuse';
  readonly recheckSeconds: number;
  readonly onStoreDown: 'serve-known' | 'refuse';
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
  onStoreDown: 'serve-known',
};

/** `lastSeenAt` is written at most this often. */
const TOUCH_MS = 1000;

/** The sessions that this process serves, over the store that keeps them. One path ends a session: `end`. */
export class SessionRegistry {
  readonly options: SessionRegistryOptions;
  readonly #records: StoredSessions;
  readonly #removals: Removals;
  readonly #recordEnds: RecordEnds;
  readonly #roster = new Roster();
  /** Ends under way: until then the record is theirs to remove. */
  readonly #endings = new Map<string, Promise<void>>();
  readonly #recentEnds = new RecentEnds();
  readonly #keepers: Keepers;
  readonly #watch: Watch;
  readonly #sweep: Sweep | undefined;
  readonly #stopHearing: (() => void) | undefined;
  #isClosed = false;

  constructor(options: SessionRegistryOptions) {
    this.options = options;
    const { store, publish } = options;
    this.#records = new StoredSessions(store);
    this.#removals = new Removals(this.#records, publish);
    this.#keepers = new Keepers(
      (principal) => void this.endOwned(principal, 'inactive'),
      (id) => this.#roster.sessions.get(id),
    );
    this.#recordEnds = new RecordEnds(this.#records, this.#removals, this.#keepers, publish);
    this.#watch = new Watch(this.#roster.sessions, this.#roster.exchanges, options, (session, reason) =>
      reason === 'idle' && this.#records.isShared ? this.#endIdle(session) : this.end(session, reason),
    );
    this.#stopHearing = store.onDeleted?.((id, reason) => this.#hear(id, reason));
    if (!this.#records.isShared) return;
    this.#sweep = new Sweep(this.#roster.sessions, this.#records, this.#removals, options.idleSeconds, {
      onGone: (session) => void this.#finish(session, 'deleted', 'others'),
      onOverdue: (record, reason) => this.#endOverdue(record, reason),
      confirmWithinMs: (options.recheckSeconds * 1000) / 2,
    });
  }

  /** Learns of a guard that proves credentials, so that what it finds out ends sessions and what ends here is forgotten there. */
  meet(keeper: ProofKeeper, chain: readonly ProofKeeper[] = [keeper]): void {
    this.#keepers.meet(keeper, chain);
    if (!this.#isClosed) this.#sweep?.wake();
  }

  /**
   * Takes a slot for a new session of `principal`. Throws `McpGuardError`: `session_limit` where there is none,
   * `unavailable` where the store fails.
   */
  async create(principal: Principal, initialize: unknown, beginning: Beginning = {}): Promise<LiveSession> {
    const { absoluteSeconds, maxSessions, maxSessionsPerPrincipal, onLimit } = this.options;
    const now = Date.now();
    const id = randomBytes(32).toString('base64url');
    const session = new LiveSession(id, principal, now, now + absoluteSeconds * 1000);
    session.isStarting = true;
    session.canMove = initialize !== null;
    const busy = this.#roster.ownedBy(session.owner).flatMap((other) => (other.isBusy ? [other.id] : []));
    const record: SessionRecord = {
      id,
      principal: plainPrincipal(principal),
      createdAt: now,
      lastSeenAt: now,
      expiresAt: session.expiresAt,
      initialize: originData(initialize, plainPrincipal(principal), beginning),
    };
    // Known here before the store has it, so that a revocation meanwhile finds it.
    this.#roster.add(session);
    this.#watch.wake();
    try {
      const limits = { maxSessions, maxSessionsPerPrincipal, onLimit, busy };
      const outcome = await this.#records.create(record, limits);
      if (outcome === 'limit') throw new McpGuardError('session_limit');
      this.#endEvicted(outcome.evicted, outcome.evictedRecords ?? []);
    } catch (error) {
      this.#roster.remove(session);
      throw error;
    }
    // It may have been ended before the store had it.
    if (session.ending) await this.#records.delete(id, session.endReason ?? 'failed');
    this.assertAlive(session);
    return session;
  }

  #endEvicted(ids: readonly string[], records: readonly SessionRecord[]): void {
    for (const id of ids) {
      this.#recentEnds.note(id);
      const victim = this.#roster.sessions.get(id);
      const record = records.find((other) => other.id === id);
      if (victim) void this.#finish(victim, 'evicted', 'us');
      else if (record) void this.#recordEnds.removed(record, 'evicted');
    }
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
    await this.#records.update(session.id, { principal: plainPrincipal(principal), expiresAt });
    this.assertAlive(session);
  }

  assertAlive(session: LiveSession): void {
    if (session.ending) throw new McpGuardError(refusalAfter(session.endReason ?? 'failed'));
  }

  /**
   * The live session `id`, whoever owns it; ends it where its time is over. One of `caller` that another node began is
   * served here from now on; `chain` holds the guards of its request. Throws `unavailable` where the store fails and
   * nothing is known here, or not well enough, and `closing` once the registry is closed.
   */
  async find(
    id: string,
    caller?: Principal,
    chain: readonly ProofKeeper[] = [],
  ): Promise<LiveSession | undefined> {
    const record = await this.#ask(id);
    const session = this.#roster.sessions.get(id);
    if (this.#isClosed && this.#records.isShared) throw new McpGuardError('closing');
    if (session ? session.ending : this.#hasEnded(id)) return undefined;
    if (record === 'unknown') return session;
    if (!record) {
      if (session) void this.#finish(session, 'deleted', this.#records.isShared ? 'others' : 'us');
      return undefined;
    }
    const found = session ?? (this.#records.isShared ? LiveSession.restored(record) : undefined);
    if (!found) return undefined;
    const now = Date.now();
    found.confirmedAt = now;
    found.lastSeenAt = Math.max(found.lastSeenAt, record.lastSeenAt);
    found.expiresAt = Math.min(found.expiresAt, record.expiresAt);
    const reason = this.#watch.overdue(found, now);
    if (reason && !(reason === 'idle' && (record.busyUntil ?? 0) > now)) {
      void (session ? this.end(session, reason) : this.#recordEnds.endAsKnown(record, reason));
      return undefined;
    }
    // What a stranger asks for leaves no trace.
    if (!session && caller && found.owner === principalKey(caller)) {
      found.hooks = this.#keepers.hooksOf(found.origin?.by, chain);
      this.#roster.add(found);
      this.#watch.wake();
    }
    return found;
  }

  /** Whether it ended here, or was heard to end, while the store was asked: then what that answered is old. */
  #hasEnded(id: string): boolean {
    return this.#recentEnds.has(id) || this.#removals.isLeftBehind(id);
  }

  /** The record; `unknown` where the store fails, and what is known here will do. */
  async #ask(id: string): Promise<SessionRecord | undefined | 'unknown'> {
    try {
      return await this.#records.get(id);
    } catch (error) {
      const { onStoreDown, recheckSeconds } = this.options;
      const session = this.#roster.sessions.get(id);
      const now = Date.now();
      const isKnown =
        session !== undefined &&
        now - session.confirmedAt <= recheckSeconds * 1000 &&
        !this.#watch.overdue(session, now);
      if (onStoreDown === 'serve-known' && isKnown) return 'unknown';
      throw error;
    }
  }

  open(exchange: Exchange, session: LiveSession | undefined): void {
    // Nobody is left who would close it.
    if (exchange.isOver) return;
    this.#roster.exchanges.add(exchange);
    session?.exchanges.add(exchange);
    this.#watch.wake();
  }

  closed(exchange: Exchange, session: LiveSession | undefined): void {
    this.#roster.exchanges.delete(exchange);
    if (session?.exchanges.delete(exchange)) this.touch(session);
  }

  /** Idle time counts from here. */
  touch(session: LiveSession): void {
    const now = Date.now();
    session.lastSeenAt = now;
    const isFree = session.busyUntil > now && !session.isBusy;
    if (session.ending || (now - session.writtenAt < TOUCH_MS && !isFree)) return;
    session.writtenAt = now;
    if (isFree) session.busyUntil = 0;
    this.#records.update(session.id, { lastSeenAt: now, ...(isFree && { busyUntil: 0 }) }).catch(() => {});
  }

  /** Ends a session: once, whoever asks and however often. Resolves when everything of it is closed. */
  end(session: LiveSession, reason: SessionEndReason): Promise<void> {
    const isKept = this.#records.isShared && reason === 'shutdown' && session.canMove;
    return session.ending ?? this.#finish(session, reason, isKept ? 'kept' : 'remove');
  }

  /** Whether the record of a session that was ended here may still be there, since the store failed. */
  isLeftBehind({ id }: LiveSession): boolean {
    return this.#removals.isLeftBehind(id);
  }

  /** Lets go of a session that other nodes can go on with. */
  release(session: LiveSession): Promise<void> {
    // Who waits for an answer here is not told that the session is over.
    session.exchanges.clear();
    return this.#finish(session, 'shutdown', 'kept');
  }

  /** Ends the sessions and streams of one principal, on all nodes. */
  async endOwned(principal: Principal, reason: SessionEndReason): Promise<void> {
    const owner = principalKey(principal);
    for (const exchange of this.#roster.exchanges) {
      if (principalKey(exchange.principal) === owner) exchange.end('invalid_credentials');
    }
    await Promise.all(this.#roster.ownedBy(owner).map((session) => this.end(session, reason)));
    if (!this.#records.isShared) return;
    try {
      const records = await this.#records.list(principal);
      const others = records.filter(
        (record) => principalKey(record.principal) === owner && !this.#endings.has(record.id),
      );
      await Promise.all(others.map((record) => this.#recordEnds.end(record, reason)));
    } catch {
      // The nodes that serve them find out by themselves when they ask for liveness.
    }
  }

  /** The records that match, without what only building a session again needs: it holds the token as it was presented. */
  async list(filter: PrincipalFilter): Promise<readonly SessionRecord[]> {
    const records = await this.#records.list(filter);
    return records.map((record) => ({
      ...record,
      principal: sealPrincipal(record.principal),
      initialize: undefined,
    }));
  }

  /**
   * Ends sessions by id or by principal, and makes guards forget the proofs. Resolves to how many ended. Throws
   * `unavailable` where the store fails, also where what is here has ended, but may still be begun from its record.
   */
  async revoke(target: { readonly sessionId: string } | PrincipalFilter): Promise<number> {
    const records =
      'sessionId' in target
        ? [await this.#records.get(target.sessionId)].filter((record) => record !== undefined)
        : await this.#records.list(target);
    const filters: readonly PrincipalFilter[] =
      'sessionId' in target ? records.map(({ principal }) => principal) : [target];
    for (const filter of filters) this.#keepers.forget(filter);
    const ended = new Map<string, Promise<boolean>>(
      records.map((record) => [record.id, this.#revokeOne(record.id, record)]),
    );
    if (!('sessionId' in target)) {
      for (const exchange of this.#roster.exchanges)
        if (matchesFilter(exchange.principal, target)) exchange.end('session_not_found');
      // Of a session that is just beginning the store may know nothing yet.
      for (const { id, presented } of this.#roster.sessions.values())
        if (matchesFilter(presented, target) && !ended.has(id)) ended.set(id, this.#revokeOne(id));
    }
    const outcomes = await Promise.all(ended.values());
    if ([...ended.keys()].some((id) => this.#removals.isLeftBehind(id)))
      throw new McpGuardError('unavailable');
    return outcomes.filter(Boolean).length;
  }

  async #revokeOne(id: string, record?: SessionRecord): Promise<boolean> {
    const ending = this.#endings.get(id);
    if (ending) return ending.then(() => false);
    const session = this.#roster.sessions.get(id);
    if (!session) return record !== undefined && this.#recordEnds.end(record, 'revoked');
    const isNew = session.ending === undefined;
    await this.end(session, 'revoked');
    return isNew;
  }

  /** Ends every session that is served here, or lets go of it where the store outlives this process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch.stop();
    this.#stopHearing?.();
    for (const exchange of this.#roster.exchanges) exchange.end('closing');
    for (const session of [...this.#roster.sessions.values()]) void this.end(session, 'shutdown');
    await Promise.all(this.#endings.values());
    this.#keepers.close();
    await this.#sweep?.close();
  }

  #hear(id: string, reason: SessionEndReason): void {
    this.#recentEnds.note(id);
    const session = this.#roster.sessions.get(id);
    if (!session) return;
    // What an operator revokes elsewhere, or a verifier no longer knows, is proven here no more.
    if (reason === 'revoked' || reason === 'inactive') this.#keepers.forget(session.presented);
    void this.#finish(session, reason, 'others');
  }

  /** Another node may have served it meanwhile: then it is not over, only no longer this node's. */
  async #endIdle(session: LiveSession): Promise<void> {
    if (session.isAsked) return;
    session.isAsked = true;
    try {
      const record = await this.#records.get(session.id);
      const now = Date.now();
      if (session.isBusy || session.ending) return;
      if (!record) return void this.#finish(session, 'idle', 'others');
      const isUsed =
        now - record.lastSeenAt < this.options.idleSeconds * 1000 || (record.busyUntil ?? 0) > now;
      void (isUsed ? this.release(session) : this.end(session, 'idle'));
    } catch {
      // Asked again at the next tick.
    } finally {
      session.isAsked = false;
    }
  }

  async #endOverdue(record: SessionRecord, reason: 'expired' | 'idle'): Promise<void> {
    const session = this.#roster.sessions.get(record.id);
    if (session) return this.#watch.overdue(session, Date.now()) ? this.end(session, reason) : undefined;
    if (!this.#endings.has(record.id)) await this.#recordEnds.endAsKnown(record, reason);
  }

  #finish(session: LiveSession, reason: SessionEndReason, fate: RecordFate): Promise<void> {
    if (session.ending) return session.ending;
    session.endReason = reason;
    if (fate !== 'kept') this.#recentEnds.note(session.id);
    this.#roster.remove(session);
    session.ending = takeDown(session, reason, fate, this.#removals, this.options.publish);
    this.#endings.set(session.id, session.ending);
    const { ending } = session;
    void ending.then(() => this.#endings.get(session.id) === ending && this.#endings.delete(session.id));
    return ending;
  }
}
