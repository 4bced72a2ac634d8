import { McpGuardError } from '../errors.js';
import { matchesFilter, principalKey } from '../principal.js';
import type { Principal, PrincipalFilter, SessionEndReason, SessionRecord } from '../types.js';
import type { Keepers } from './keepers.js';
import type { LiveSession } from './live-session.js';
import type { Roster } from './roster.js';
import type { SessionEnds } from './session-ends.js';
import type { StoredSessions } from './stored-sessions.js';

type Target = { readonly sessionId: string } | PrincipalFilter;

/** Ends the sessions of somebody, on all nodes. */
export class Revocation {
  readonly #roster: Roster;
  readonly #records: StoredSessions;
  readonly #ends: SessionEnds;
  readonly #keepers: Keepers;
  readonly #elsewhere = new Map<string, Promise<void>>();

  constructor(roster: Roster, records: StoredSessions, ends: SessionEnds, keepers: Keepers) {
    this.#roster = roster;
    this.#records = records;
    this.#ends = ends;
    this.#keepers = keepers;
  }

  /** Ends the sessions and streams of one principal. Never rejects. */
  async endOwned(principal: Principal, reason: SessionEndReason): Promise<void> {
    const owner = principalKey(principal);
    for (const exchange of this.#roster.exchanges) {
      if (principalKey(exchange.principal) === owner) exchange.end('invalid_credentials');
    }
    await Promise.all(this.#roster.ownedBy(owner).map((session) => this.#ends.end(session, reason)));
    if (this.#records.isShared) await this.#endElsewhere(principal, owner, reason);
  }

  /** At most one look at the store at a time for one person, however often they are found inactive. */
  #endElsewhere(principal: Principal, owner: string, reason: SessionEndReason): Promise<void> {
    const ending = this.#elsewhere.get(owner) ?? this.#endRecords(principal, owner, reason);
    this.#elsewhere.set(owner, ending);
    void ending.finally(() => this.#elsewhere.delete(owner));
    return ending;
  }

  async #endRecords(principal: Principal, owner: string, reason: SessionEndReason): Promise<void> {
    try {
      const records = await this.#records.list(principal);
      const others = records.filter(
        (record) => principalKey(record.principal) === owner && !this.#ends.underWay(record.id),
      );
      await Promise.all(others.map((record) => this.#endRecord(record, reason)));
    } catch {
      // The nodes that serve them find out by themselves when they ask for liveness.
    }
  }

  /**
   * Ends sessions by id or by principal, and makes guards forget the proofs. Resolves to how many ended. Throws
   * `unavailable` where the store fails, also where what is here has ended, but may still be begun from its record.
   */
  async revoke(target: Target): Promise<number> {
    let records: readonly SessionRecord[] = [];
    let failure: unknown;
    try {
      records = await this.#recordsOf(target);
    } catch (error) {
      failure = error;
    }
    const served = this.#servedOf(target);
    const owners = records.length > 0 ? records.map(({ principal }) => principal) : served.map(presentedBy);
    const filters: readonly PrincipalFilter[] = 'sessionId' in target ? owners : [target];
    for (const filter of filters) this.#keepers.forget(filter);
    const ended = new Map<string, Promise<boolean>>(
      records.map((record) => [record.id, this.#revokeOne(record.id, record)]),
    );
    if (!('sessionId' in target)) {
      for (const exchange of this.#roster.exchanges)
        if (matchesFilter(exchange.principal, target)) exchange.end('session_not_found');
    }
    // Of a session that is just beginning the store may know nothing yet, and of none where it fails.
    for (const { id } of served) if (!ended.has(id)) ended.set(id, this.#revokeOne(id));
    const outcomes = await Promise.all(ended.values());
    const { removals } = this.#ends;
    if (failure !== undefined) throw failure;
    if ([...ended.keys()].some((id) => removals.isLeftBehind(id))) throw new McpGuardError('unavailable');
    return outcomes.filter(Boolean).length;
  }

  #servedOf(target: Target): readonly LiveSession[] {
    const sessions = [...this.#roster.sessions.values()];
    return sessions.filter(({ id, presented }) =>
      'sessionId' in target ? id === target.sessionId : matchesFilter(presented, target),
    );
  }

  async #recordsOf(target: Target): Promise<readonly SessionRecord[]> {
    if (!('sessionId' in target)) return this.#records.list(target);
    const record = await this.#records.get(target.sessionId);
    return record ? [record] : [];
  }

  async #revokeOne(id: string, record?: SessionRecord): Promise<boolean> {
    const underWay = this.#ends.underWay(id);
    if (underWay) return underWay.then(() => false);
    const session = this.#roster.sessions.get(id);
    if (!session) return record !== undefined && this.#endRecord(record, 'revoked');
    await this.#ends.end(session, 'revoked');
    return true;
  }

  /** A request that read the record before may have begun to serve it here meanwhile. */
  async #endRecord(record: SessionRecord, reason: SessionEndReason): Promise<boolean> {
    const isEnded = await this.#ends.ofRecords.end(record, reason);
    if (isEnded) this.#ends.hear(record.id, reason);
    return isEnded;
  }
}

function presentedBy({ presented }: LiveSession): Principal {
  return presented;
}
