import { McpGuardError } from '../errors.js';
import type { Publish } from '../events.js';
import { plainPrincipal, sealPrincipal } from '../principal.js';
import type { ProofKeeper } from '../request-state.js';
import type {
  Awaitable,
  Principal,
  PrincipalFilter,
  SessionEndReason,
  SessionRecord,
  SessionStore,
} from '../types.js';
import { isPending } from '../within-time.js';
import { Beginnings } from './beginnings.js';
import type { Exchange } from './exchange.js';
import { Finding } from './finding.js';
import { Keepers } from './keepers.js';
import { LiveSession, refusalAfter } from './live-session.js';
import { type Beginning, endedAs, originData } from './origin.js';
import { randomId } from './random-id.js';
import { Revocation } from './revocation.js';
import { Roster } from './roster.js';
import { SessionEnds } from './session-ends.js';
import { StoredSessions } from './stored-sessions.js';
import { Sweep } from './sweep.js';
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
/** Longer than any answer of the store is waited for. */
const ASK_AGAIN_MS = 6000;

/** The sessions that this process serves, over the store that keeps them. */
export class SessionRegistry {
  readonly options: SessionRegistryOptions;
  readonly #records: StoredSessions;
  readonly #roster = new Roster();
  readonly #beginnings = new Beginnings();
  readonly #keepers: Keepers;
  readonly #ends: SessionEnds;
  readonly #revocation: Revocation;
  readonly #finding: Finding;
  readonly #watch: Watch;
  readonly #sweep: Sweep | undefined;
  readonly #stopHearing: (() => void) | undefined;
  #isClosed = false;

  constructor(options: SessionRegistryOptions) {
    this.options = options;
    const { store, publish, idleSeconds, recheckSeconds } = options;
    const roster = this.#roster;
    const records = new StoredSessions(store);
    const keepers = new Keepers(
      (principal) => void this.endOwned(principal, 'inactive'),
      (id) => roster.sessions.get(id),
    );
    const ends = new SessionEnds(roster, records, keepers, publish);
    this.#watch = new Watch(roster.sessions, roster.exchanges, options, (session, reason) =>
      reason === 'idle' && records.isShared ? this.#endIdle(session) : ends.end(session, reason),
    );
    this.#records = records;
    this.#keepers = keepers;
    this.#ends = ends;
    this.#revocation = new Revocation(roster, records, ends, keepers);
    this.#finding = new Finding(roster, records, ends, keepers, this.#watch, options);
    this.#stopHearing = store.onDeleted?.((id, reason) => this.#hear(id, reason));
    if (!records.isShared) return;
    this.#sweep = new Sweep(roster.sessions, records, ends, idleSeconds, {
      onGone: (session) => void this.#endGone(session),
      onOverdue: (record, reason) => this.#endOverdue(record, reason),
      confirmWithinMs: (recheckSeconds * 1000) / 2,
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
  create(principal: Principal, initialize: unknown, begun: Beginning = {}): Promise<LiveSession> {
    return this.#beginnings.watch(this.#create(principal, initialize, begun));
  }

  async #create(principal: Principal, initialize: unknown, begun: Beginning): Promise<LiveSession> {
    // Where no other node can end it, nobody has to be told that its login is under way.
    const beginning = this.#records.isShared ? begun : { ...begun, loginUntil: undefined };
    const { absoluteSeconds, maxSessions, maxSessionsPerPrincipal, onLimit } = this.options;
    const now = Date.now();
    const id = randomId();
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
      // Where no other node can go on with it, nobody asks how it began.
      initialize: this.#records.isShared
        ? originData(initialize, plainPrincipal(principal), beginning)
        : null,
    };
    if (beginning.loginUntil !== undefined)
      session.afterLogin = originData(initialize, plainPrincipal(principal), {
        ...beginning,
        loginUntil: undefined,
      });
    // Known here before the store has it, so that a revocation meanwhile finds it.
    this.#roster.add(session);
    this.#watch.wake();
    try {
      const limits = { maxSessions, maxSessionsPerPrincipal, onLimit, busy };
      const keeping = this.#records.create(record, limits, (late) => this.#ends.evict(late));
      const outcome = isPending(keeping) ? await keeping : keeping;
      if (outcome === 'limit') throw new McpGuardError('session_limit');
      this.#ends.evict(outcome);
    } catch (error) {
      this.#roster.remove(session);
      throw error;
    }
    // It may have been ended before the store had it.
    if (session.ending) await this.#records.delete(id, session.endReason);
    this.assertAlive(session);
    return session;
  }

  /** Keeps what `startSession` made of the principal. */
  async enrich(session: LiveSession, principal: Principal, initialize?: object): Promise<void> {
    const { presented } = session;
    session.principal = principal;
    const isIssued = principal.token !== presented.token || principal.expiresAt !== presented.expiresAt;
    if (isIssued && principal.expiresAt !== undefined) {
      session.expiresAt = Math.min(session.expiresAt, principal.expiresAt * 1000);
    }
    const { expiresAt } = session;
    await this.#records.update(session.id, {
      principal: plainPrincipal(principal),
      expiresAt,
      ...(initialize && { initialize }),
    });
    if (!initialize) this.assertAlive(session);
  }

  /**
   * Keeps that the login is done, and what it made of the principal: from here on whoever ends the session undoes it.
   * Throws where the session has ended meanwhile; its login is then undone, or will be.
   */
  async keepLogin(session: LiveSession, principal: Principal | undefined): Promise<void> {
    const { id, afterLogin } = session;
    session.afterLogin = undefined;
    if (principal) await this.enrich(session, principal, afterLogin);
    else if (afterLogin) await this.#records.update(id, { initialize: afterLogin });
    if (!this.#records.isShared || !afterLogin) return;
    const kept = await this.#records.remaining([id]);
    // Whoever removed the record before it said so has left the login to this node.
    if (!session.ending && !kept.has(id)) {
      await this.#ends.finish(session, 'failed', 'us');
      throw new McpGuardError('unavailable');
    }
    if (session.isEndedByOthers) await this.#ends.undo(session);
    this.assertAlive(session);
  }

  assertAlive(session: LiveSession): void {
    if (session.ending) throw new McpGuardError(refusalAfter(session.endReason));
  }

  /**
   * The live session `id`, whoever owns it. One of `caller` that another node began is served here from now on; `chain`
   * holds the guards of its request. Throws `unavailable` where the store fails, and `closing` where the session is only
   * let go of.
   */
  find(
    id: string,
    caller?: Principal,
    chain: readonly ProofKeeper[] = [],
  ): Awaitable<LiveSession | undefined> {
    const unlessClosed = (session: LiveSession | undefined): LiveSession | undefined => {
      if (this.#isClosed && this.#records.isShared) throw new McpGuardError('closing');
      return session;
    };
    const session = this.#finding.find(id, caller, chain);
    return isPending(session) ? session.then(unlessClosed) : unlessClosed(session);
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
    const free = isFree && { busyUntil: session.othersBusyUntil };
    this.#records.update(session.id, { lastSeenAt: now, ...free }).catch(() => {});
  }

  /** Ends a session: once, whoever asks and however often. Resolves when everything of it is closed. */
  end(session: LiveSession, reason: SessionEndReason): Promise<void> {
    return this.#ends.end(session, reason);
  }

  /** Whether the record of a session that was ended here may still be there, since the store failed. */
  isLeftBehind({ id }: LiveSession): boolean {
    return this.#ends.removals.isLeftBehind(id);
  }

  /** Lets go of a session that other nodes can go on with. */
  release(session: LiveSession): Promise<void> {
    return this.#ends.release(session);
  }

  /** Ends the sessions and streams of one principal, on all nodes. Never rejects. */
  endOwned(principal: Principal, reason: SessionEndReason): Promise<void> {
    return this.#revocation.endOwned(principal, reason);
  }

  /** Ends sessions by id or by principal, and makes guards forget the proofs. Resolves to how many ended. Throws `unavailable`. */
  revoke(target: { readonly sessionId: string } | PrincipalFilter): Promise<number> {
    return this.#revocation.revoke(target);
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

  /** Ends every session that is served here, or lets go of it where the store outlives this process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch.stop();
    this.#stopHearing?.();
    for (const exchange of this.#roster.exchanges) exchange.end('closing');
    for (const session of [...this.#roster.sessions.values()]) void this.end(session, 'shutdown');
    await this.#beginnings.settled();
    await this.#ends.allUnderWay();
    this.#keepers.close();
    await this.#sweep?.close();
  }

  #hear(id: string, reason: SessionEndReason): void {
    const session = this.#roster.sessions.get(id);
    // What an operator revokes elsewhere, or a verifier no longer knows, is proven here no more.
    const isForgotten = reason === 'revoked' || reason === 'inactive';
    if (session && isForgotten) this.#keepers.forget(session.presented);
    this.#ends.hear(id, reason);
  }

  /** Another node may have served it meanwhile: then it is not over, only no longer this node's. */
  async #endIdle(session: LiveSession): Promise<void> {
    if (Date.now() < session.askedUntil) return;
    session.askedUntil = Date.now() + ASK_AGAIN_MS;
    try {
      const record = await this.#records.get(session.id);
      const now = Date.now();
      if (session.isBusy || session.ending) return;
      if (!record) return void this.#ends.finish(session, 'idle', 'others');
      const isUsed =
        now - record.lastSeenAt < this.options.idleSeconds * 1000 || (record.busyUntil ?? 0) > now;
      void (isUsed ? this.release(session) : this.end(session, 'idle'));
    } catch {
      // Asked again later.
    }
  }

  /** Its record is gone, or is left for a node that can undo its login, as this one can. */
  async #endGone(session: LiveSession): Promise<void> {
    const record = await (async () => this.#records.get(session.id))().catch(() => undefined);
    void (record
      ? this.end(session, endedAs(record) ?? 'expired')
      : this.#ends.finish(session, 'deleted', 'others'));
  }

  async #endOverdue(record: SessionRecord, reason: 'expired' | 'idle'): Promise<void> {
    const session = this.#roster.sessions.get(record.id);
    const ended = endedAs(record);
    if (session) {
      const isOver = ended !== undefined || this.#watch.overdue(session, Date.now());
      return isOver ? this.end(session, ended ?? reason) : undefined;
    }
    if (!this.#ends.underWay(record.id)) await this.#ends.ofRecords.endAsKnown(record, reason);
  }
}
