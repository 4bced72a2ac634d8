import { McpGuardError } from '../errors.js';
import { plainPrincipal } from '../principal.js';
import type { Principal, SessionLimits, SessionRecord } from '../types.js';
import { isPending } from '../within-time.js';
import { Beginnings } from './beginnings.js';
import { assertAlive, LiveSession } from './live-session.js';
import { type Beginning, originData } from './origin.js';
import { randomId } from './random-id.js';
import type { Roster } from './roster.js';
import type { SessionEnds } from './session-ends.js';
import type { StoredSessions } from './stored-sessions.js';
import type { Watch } from './watch.js';

export interface CreationOptions extends Omit<SessionLimits, 'busy'> {
  readonly absoluteSeconds: number;
}

/** How a session comes to be: its slot, its record, its login. */
export class Creation {
  readonly #roster: Roster;
  readonly #records: StoredSessions;
  readonly #ends: SessionEnds;
  readonly #watch: Watch;
  readonly #options: CreationOptions;
  readonly #beginnings = new Beginnings();

  constructor(
    roster: Roster,
    records: StoredSessions,
    ends: SessionEnds,
    watch: Watch,
    options: CreationOptions,
  ) {
    this.#roster = roster;
    this.#records = records;
    this.#ends = ends;
    this.#watch = watch;
    this.#options = options;
  }

  /**
   * Takes a slot for a new session of `principal`. Throws `McpGuardError`: `session_limit` where there is none,
   * `unavailable` where the store fails.
   */
  create(principal: Principal, initialize: unknown, begun: Beginning): Promise<LiveSession> {
    return this.#beginnings.watch(this.#create(principal, initialize, begun));
  }

  /** Resolves when no session is being created any more. */
  settled(): Promise<void> {
    return this.#beginnings.settled();
  }

  async #create(principal: Principal, initialize: unknown, begun: Beginning): Promise<LiveSession> {
    // Where no other node can end it or go on with it, nobody asks how it began.
    const beginning = this.#records.isShared ? begun : undefined;
    const begunAs = (how: Beginning): object => originData(initialize, plainPrincipal(principal), how);
    const { absoluteSeconds, maxSessions, maxSessionsPerPrincipal, onLimit } = this.#options;
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
      initialize: beginning ? begunAs(beginning) : null,
    };
    if (beginning?.loginUntil !== undefined)
      session.afterLogin = begunAs({ ...beginning, loginUntil: undefined });
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
    assertAlive(session);
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
    if (!initialize) assertAlive(session);
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
    assertAlive(session);
  }
}
