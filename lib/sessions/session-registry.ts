import { McpGuardError } from '../errors.js';
import { sealPrincipal } from '../principal.js';
import type { ProofKeeper } from '../request-state.js';
import type { Awaitable, Principal, PrincipalFilter, SessionEndReason, SessionRecord } from '../types.js';
import { isPending } from '../within-time.js';
import { Creation } from './creation.js';
import type { Exchange } from './exchange.js';
import { Finding } from './finding.js';
import { Keepers } from './keepers.js';
import type { LiveSession } from './live-session.js';
import type { Beginning } from './origin.js';
import type { SessionRegistryOptions } from './registry-options.js';
import { Revocation } from './revocation.js';
import { Roster } from './roster.js';
import { SessionEnds } from './session-ends.js';
import { SharedEnds } from './shared-ends.js';
import { StoredSessions } from './stored-sessions.js';
import { Sweep } from './sweep.js';
import { Usage } from './usage.js';
import { Watch } from './watch.js';

/** The sessions that this process serves, over the store that keeps them. */
export class SessionRegistry {
  readonly options: SessionRegistryOptions;
  readonly #records: StoredSessions;
  readonly #roster = new Roster();
  readonly #keepers: Keepers;
  readonly #ends: SessionEnds;
  readonly #creation: Creation;
  readonly #revocation: Revocation;
  readonly #finding: Finding;
  readonly #usage: Usage;
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
    const watch = new Watch(roster.sessions, roster.exchanges, options, (session, reason) =>
      reason === 'idle' && records.isShared ? sharedEnds.endIdle(session) : ends.end(session, reason),
    );
    const sharedEnds = new SharedEnds(roster, records, ends, {
      idleSeconds,
      isOverdue: (session) => watch.overdue(session, Date.now()) !== undefined,
    });
    this.#watch = watch;
    this.#records = records;
    this.#keepers = keepers;
    this.#ends = ends;
    this.#revocation = new Revocation(roster, records, ends, keepers);
    this.#finding = new Finding(roster, records, ends, keepers, watch, options);
    this.#usage = new Usage(roster, records, watch);
    this.#creation = new Creation(roster, records, ends, watch, options);
    this.#stopHearing = store.onDeleted?.((id, reason) => this.#hear(id, reason));
    if (!records.isShared) return;
    this.#sweep = new Sweep(roster.sessions, records, ends, idleSeconds, {
      onGone: (session) => void sharedEnds.endGone(session),
      onOverdue: (record, reason) => sharedEnds.endOverdue(record, reason),
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
    return this.#creation.create(principal, initialize, begun);
  }

  /** Keeps what `startSession` made of the principal. */
  enrich(session: LiveSession, principal: Principal): Promise<void> {
    return this.#creation.enrich(session, principal);
  }

  /**
   * Keeps that the login is done, and what it made of the principal: from here on whoever ends the session undoes it.
   * Throws where the session has ended meanwhile; its login is then undone, or will be.
   */
  keepLogin(session: LiveSession, principal: Principal | undefined): Promise<void> {
    return this.#creation.keepLogin(session, principal);
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

  /** A request is being answered from here on, until it is said to be `closed`. */
  open(exchange: Exchange, session: LiveSession | undefined): void {
    this.#usage.open(exchange, session);
  }

  closed(exchange: Exchange, session: LiveSession | undefined): void {
    this.#usage.closed(exchange, session);
  }

  /** Idle time counts from here. */
  touch(session: LiveSession): void {
    this.#usage.touch(session);
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
    await this.#creation.settled();
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
}
