import type { LoginBudget, LoginKeys, LoginReservation, LoginStore, SessionStore } from '../../lib/types.js';

/** What is down. */
export interface Faults {
  verifier: boolean;
  store: boolean;
  limiter: boolean;
}

/** Lets an answer through: at once, or when its turn has come. */
export type Turn = <T>(what: string, answer: () => T) => T | Promise<T>;

/** A store of sessions that fails while it is down; `kept` counts what it keeps. */
export function faultySessions(inner: SessionStore, faults: Faults, turn: Turn): SessionStore {
  const through = <A extends unknown[], R>(what: string, act: (...args: A) => R) => {
    return (...args: A) =>
      turn(what, () => {
        if (faults.store) throw new Error('the canary store is down');
        return act(...args);
      });
  };
  return {
    create: through('store.create', (record, limits) => inner.create(record, limits)),
    get: through('store.get', (id) => inner.get(id)),
    update: through('store.update', (id, changes) => inner.update(id, changes)),
    delete: through('store.delete', (id, reason) => inner.delete(id, reason)),
    list: through('store.list', (filter) => inner.list(filter)),
  } as SessionStore;
}

export interface CountedLogins extends LoginStore {
  /** Reservations that nobody has settled yet. */
  readonly open: ReadonlySet<string>;
}

/** A login store that fails while it is down, and knows what is reserved. */
export function faultyLogins(inner: LoginStore, faults: Faults, turn: Turn): CountedLogins {
  const open = new Set<string>();
  const fail = (): void => {
    if (faults.limiter) throw new Error('the canary limiter is down');
  };
  return {
    open,
    async reserve(keys: LoginKeys, budget: LoginBudget): Promise<LoginReservation> {
      await turn('limiter.reserve', fail);
      const reservation = await inner.reserve(keys, budget);
      if (reservation.status === 'reserved') open.add(reservation.id);
      return reservation;
    },
    async settle(reservation, outcome, budget) {
      await turn('limiter.settle', () => {});
      open.delete(reservation.id);
      await inner.settle(reservation, outcome, budget);
    },
  };
}
