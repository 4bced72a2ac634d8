import type { GuardNews } from '../../lib/events.js';
import type { ProofKeeper, SessionWitness } from '../../lib/request-state.js';
import { Exchange } from '../../lib/sessions/exchange.js';
import type { LiveSession } from '../../lib/sessions/live-session.js';
import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import { REGISTRY_DEFAULTS, type SessionRegistryOptions } from '../../lib/sessions/registry-options.js';
import { SessionRegistry } from '../../lib/sessions/session-registry.js';
import type { Principal, SessionEndReason, SessionStore } from '../../lib/types.js';
import { type Gate, gate } from '../support/gate.js';

export const ada: Principal = { subject: 'ada' };
export const eve: Principal = { subject: 'eve' };

export interface Watched {
  readonly registry: SessionRegistry;
  readonly store: SessionStore;
  readonly news: readonly GuardNews[];
}

/** A registry, and what it tells. */
export function watched(options: Partial<SessionRegistryOptions> = {}): Watched {
  const news: GuardNews[] = [];
  const store = options.store ?? new MemorySessionStore();
  const registry = new SessionRegistry({
    ...REGISTRY_DEFAULTS,
    publish: (piece) => news.push(piece),
    ...options,
    store,
  });
  return { registry, store, news };
}

type Method = 'create' | 'get' | 'update' | 'delete' | 'list';

export interface SlowStore extends SessionStore {
  /** The store behind, which answers at once. */
  readonly inner: MemorySessionStore;
  /** Every call, in order. */
  readonly calls: { readonly method: Method; readonly args: readonly unknown[] }[];
  /** The next call of `method` waits for this gate before it acts (or fails with it). */
  hold(method: Method): Gate;
  /** The next call of `method` waits for this gate after it has acted. */
  delay(method: Method): Gate;
  /** Every call of `method` fails from here on. */
  breakDown(method: Method, error?: Error): void;
  /** Nothing fails any more. */
  recover(): void;
}

/** A store in memory that answers later, and can be held up or broken. */
export function slowStore(extra: Pick<SessionStore, 'shared' | 'onDeleted'> = {}): SlowStore {
  const inner = new MemorySessionStore();
  const calls: { method: Method; args: readonly unknown[] }[] = [];
  const held = new Map<Method, Gate>();
  const delayed = new Map<Method, Gate>();
  const broken = new Map<Method, Error>();

  const slow = <A extends unknown[], R>(method: Method, act: (...args: A) => R) => {
    return async (...args: A): Promise<R> => {
      calls.push({ method, args });
      const error = broken.get(method);
      if (error) throw error;
      const before = held.get(method);
      held.delete(method);
      await before?.opened;
      const answer = act(...args);
      const after = delayed.get(method);
      delayed.delete(method);
      await after?.opened;
      return answer;
    };
  };

  const later = (gates: Map<Method, Gate>, method: Method): Gate => {
    const opened = gate();
    gates.set(method, opened);
    return opened;
  };

  return {
    inner,
    calls,
    create: slow('create', (record, limits) => inner.create(record, limits)),
    get: slow('get', (id) => inner.get(id)),
    update: slow('update', (id, changes) => inner.update(id, changes)),
    delete: slow('delete', (id, reason) => inner.delete(id, reason)),
    list: slow('list', (filter) => inner.list(filter)),
    hold: (method) => later(held, method),
    delay: (method) => later(delayed, method),
    breakDown: (method, error = new Error('down')) => void broken.set(method, error),
    recover: () => broken.clear(),
    ...extra,
  };
}

/** How a session was ended: what `endSession` heard. */
export type Ended = readonly [subject: string, sessionId: string, reason: SessionEndReason];

/** A live session whose login is undone at its end; `ended` collects that. */
export async function begin(
  registry: SessionRegistry,
  principal: Principal,
  ended: Ended[] = [],
): Promise<LiveSession> {
  const session = await registry.create(principal, { method: 'initialize' });
  session.isStarting = false;
  session.hooks = {
    async endSession({ subject }, { sessionId, reason }) {
      ended.push([subject, sessionId, reason]);
    },
  };
  return session;
}

/** An exchange that notes the codes it is ended with. */
export function exchangeOf(
  principal: Principal,
  codes: string[] = [],
  keeper?: ProofKeeper,
  nextRecheckAt: number = Number.POSITIVE_INFINITY,
): Exchange {
  return new Exchange(principal, keeper, nextRecheckAt, (code) => codes.push(code));
}

export interface FakeKeeper extends ProofKeeper {
  readonly forgotten: object[];
  readonly listeners: Set<(principal: Principal) => void>;
  readonly holders: Set<(sessionId: string) => SessionWitness | undefined>;
}

export function fakeKeeper(recheck?: ProofKeeper['recheck']): FakeKeeper {
  const forgotten: object[] = [];
  const listeners = new Set<(principal: Principal) => void>();
  const holders = new Set<(sessionId: string) => SessionWitness | undefined>();
  return {
    forgotten,
    listeners,
    holders,
    forget: (filter) => void forgotten.push(filter),
    onInactive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onHeld(holder) {
      holders.add(holder);
      return () => holders.delete(holder);
    },
    ...(recheck && { recheck }),
  };
}
