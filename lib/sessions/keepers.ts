import type { ProofKeeper, SessionHooks, SessionWitness } from '../request-state.js';
import type { Principal, PrincipalFilter } from '../types.js';

/** Names a guard within its chain, the same on all nodes that run the same chain. */
export function keeperName(chain: readonly ProofKeeper[], keeper: ProofKeeper): string | undefined {
  const { owner } = keeper;
  if (owner === undefined) return undefined;
  return `${owner} ${chain.filter((other) => other.owner === owner).indexOf(keeper)}`;
}

/** The guards that prove credentials of the callers of one binding. */
export class Keepers {
  readonly #met = new Map<ProofKeeper, () => void>();
  /** `undefined`: several guards have that name, in chains of their own. */
  readonly #named = new Map<string, ProofKeeper | undefined>();
  readonly #onInactive: (principal: Principal) => void;
  readonly #find: (sessionId: string) => SessionWitness | undefined;

  constructor(
    onInactive: (principal: Principal) => void,
    find: (sessionId: string) => SessionWitness | undefined,
  ) {
    this.#onInactive = onInactive;
    this.#find = find;
  }

  meet(keeper: ProofKeeper, chain: readonly ProofKeeper[]): void {
    if (this.#met.has(keeper)) return;
    const stops = [keeper.onInactive(this.#onInactive), keeper.onHeld(this.#find)];
    this.#met.set(keeper, () => {
      for (const stop of stops) stop();
    });
    const name = keeperName(chain, keeper);
    if (name !== undefined) this.#named.set(name, this.#named.has(name) ? undefined : keeper);
  }

  forget(filter: PrincipalFilter): void {
    for (const keeper of this.#met.keys()) keeper.forget(filter);
  }

  /**
   * What undoes the logins of sessions that the guard of that name began, in `chain` or in any; `undefined` where it is
   * not known here.
   */
  hooksOf(name: string | undefined, chain: readonly ProofKeeper[] = []): SessionHooks | undefined {
    if (name === undefined) return undefined;
    const keeper = chain.find((other) => keeperName(chain, other) === name) ?? this.#named.get(name);
    return keeper && (keeper.hooks ?? {});
  }

  close(): void {
    for (const stop of this.#met.values()) stop();
    this.#met.clear();
  }
}
