import type { Login } from '../../support/node-setting.js';

/** What a session ought to be, as its owner knows it. */
export interface Owned {
  readonly id: string;
  readonly owner: string;
  /** `unsure`: whether it was ended nobody was told, or Redis has forgotten it. */
  state: 'live' | 'ending' | 'over' | 'unsure';
  /** When it was asked for, and last served. */
  readonly begunAt: number;
  usedAt: number;
  /** When its end was acknowledged. */
  overAt: number;
}

/** What must not be. */
export const VIOLATIONS = [
  /** Somebody was served who should not have been. */
  'bypass',
  /** A session that was acknowledged, and that nobody ended, is gone. */
  'lost',
  /** The right person was refused as if they were the wrong one. */
  'refused',
  /** More wrong passwords were verified than the limiter allows. */
  'guessed',
  /** A login was undone more than once. */
  'undone twice',
  /** An answer that nothing explains, or none in 10 seconds. */
  'unexpected',
] as const;

export type Violation = (typeof VIOLATIONS)[number];

/** What was seen, and what it must not be. */
export class Ledger {
  readonly requests: Record<string, number> = {};
  /** What may happen, and is worth to be told. */
  readonly notes: Record<string, number> = {};
  readonly violations: { readonly kind: Violation; readonly text: string }[] = [];
  /** How long each 503 took, and each return to normal. */
  readonly refusedMs: number[] = [];
  readonly recoveryMs: number[] = [];
  readonly sessions = new Set<Owned>();
  /** Sessions that ended, the newest last. */
  readonly over: Owned[] = [];
  /** How often Redis was emptied, and the tokens of the logins that it knew of. */
  forgotten = 0;
  readonly forgottenLogins = new Set<string>();
  #flushedAt = Number.NEGATIVE_INFINITY;
  #isFlushing = false;
  /** Who was proven by which process, and who was proven since Redis last forgot whom it knows. */
  readonly #proofs = new Set<string>();
  readonly #provenAt = new Map<string, number>();

  count(who: string, outcome: string): void {
    const key = `${who}: ${outcome}`;
    this.requests[key] = (this.requests[key] ?? 0) + 1;
  }

  note(what: string): void {
    this.notes[what] = (this.notes[what] ?? 0) + 1;
  }

  /** What is wrong now, or was last. */
  now = 'before any fault';

  violate(kind: Violation, text: string): void {
    this.violations.push({ kind, text: `${text} (${this.now})` });
  }

  /** `since`: when it was asked for. */
  begun(id: string, owner: string, since: number): void {
    if (this.mayBeForgotten(since)) return;
    const times = { begunAt: since, usedAt: performance.now(), overAt: Number.POSITIVE_INFINITY };
    this.sessions.add({ id, owner, state: 'live', ...times });
  }

  live(): readonly Owned[] {
    return [...this.sessions].filter(({ state }) => state === 'live');
  }

  settle(session: Owned, state: 'over' | 'unsure'): void {
    session.state = state;
    this.sessions.delete(session);
    if (state === 'unsure') return;
    session.overAt = performance.now();
    this.over.push(session);
    if (this.over.length > 40) this.over.shift();
  }

  /** Redis forgets everything, `logins` too: to be told before and after. */
  flushed(logins: readonly Login[], isOver: boolean): void {
    this.#isFlushing = !isOver;
    for (const { token = '' } of logins) this.forgottenLogins.add(token);
    this.#flushedAt = performance.now();
    for (const session of this.sessions) this.settle(session, 'unsure');
    if (isOver) this.forgotten += 1;
  }

  /** Whether Redis was emptied after this time. */
  mayBeForgotten(since: number): boolean {
    return this.#isFlushing || since < this.#flushedAt;
  }

  /** `process` has proven `person`, if it had not before, with a request of this time; or it may have, at any. */
  proven(person: string, process: string, since: number | undefined): void {
    const proof = `${person}\n${process}`;
    if (this.#proofs.has(proof)) return;
    this.#proofs.add(proof);
    if (since !== undefined) this.#provenAt.set(person, since);
  }

  /** Whether Redis can know the source of this person's logins: then nobody else's guesses hold them up. */
  isKnown(person: string): boolean {
    return (this.#provenAt.get(person) ?? Number.NEGATIVE_INFINITY) > this.#flushedAt;
  }
}
