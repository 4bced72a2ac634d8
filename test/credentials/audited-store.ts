import { MemoryLoginStore } from '../../lib/credentials/memory-login-store.js';
import type { LoginBudget, LoginKeys, LoginReservation, LoginStore } from '../../lib/types.js';
import { type Reserved, room } from './support.js';

type Outcome = 'failed' | 'proven' | 'released';

/** Keeps books of its own on what a store promises, and notes every promise that breaks the budget. */
export class AuditedStore implements LoginStore {
  readonly violations: string[] = [];
  /** Reservations that are not settled. */
  open = 0;
  readonly #store = new MemoryLoginStore({ maxKeys: 1000 });
  readonly #inFlight = new Map<string, number>();
  readonly #failed = new Map<string, number>();
  readonly #seen = new Map<string, LoginKeys>();

  async reserve(keys: LoginKeys, budget: LoginBudget): Promise<LoginReservation> {
    for (const [kind, key] of entriesOf(keys)) this.#seen.set(key, { [kind]: key });
    const wasFull = this.#isFull(keys, budget);
    const answer = await this.#store.reserve(keys, budget);
    if (answer.status === 'full' && !wasFull && !this.#isFull(keys, budget)) {
      this.violations.push('refused without failures that fill a key');
    }
    if (answer.status !== 'reserved') return answer;
    this.open += 1;
    for (const [kind, key] of entriesOf(answer.keys)) {
      const taken = add(this.#inFlight, key, 1) + (this.#failed.get(key) ?? 0);
      if (taken > budget.points) this.violations.push(`${kind}: ${taken} points of ${budget.points}`);
    }
    return answer;
  }

  async settle(reservation: Reserved, outcome: Outcome, budget: LoginBudget): Promise<void> {
    this.open -= 1;
    for (const [kind, key] of entriesOf(reservation.keys)) {
      if (add(this.#inFlight, key, -1) < 0) this.violations.push(`${kind}: given back twice`);
      if (outcome === 'failed') add(this.#failed, key, 1);
      if (outcome === 'proven' && kind === 'ipAccount') this.#failed.delete(key);
    }
    await this.#store.settle(reservation, outcome, budget);
  }

  #isFull(keys: LoginKeys, { points }: LoginBudget): boolean {
    return entriesOf(keys).some(([, key]) => (this.#failed.get(key) ?? 0) >= points);
  }

  /** To be called when every window is over. */
  forgetFailures(): void {
    this.#failed.clear();
  }

  /** Notes every key of which the store has another number of points left than the books. */
  async audit(budget: LoginBudget): Promise<void> {
    for (const [key, keys] of this.#seen) {
      const expected = budget.points - (this.#failed.get(key) ?? 0) - (this.#inFlight.get(key) ?? 0);
      const left = await room(this.#store, keys, budget);
      if (left !== expected) this.violations.push(`${Object.keys(keys)}: ${left} points left of ${expected}`);
    }
  }
}

function entriesOf(keys: LoginKeys): [kind: string, key: string][] {
  return Object.entries(keys) as [string, string][];
}

function add(counts: Map<string, number>, key: string, by: number): number {
  const count = (counts.get(key) ?? 0) + by;
  counts.set(key, count);
  return count;
}
