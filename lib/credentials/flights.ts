import { matchesFilter } from '../principal.js';
import type { Principal, PrincipalFilter } from '../types.js';
import type { Landing, ProofRequest } from './verification.js';

/** One verification, for all who wait for it. */
export interface Flight {
  readonly controller: AbortController;
  readonly client: string | undefined;
  readonly landing: Promise<Landing>;
  waiting: number;
}

type Fly = (
  request: ProofRequest,
  controller: AbortController,
  forgotten: PrincipalFilter[],
) => Promise<Landing>;

/** The verifications under way: one for each credential, however many present it at once. */
export class Flights {
  readonly #fly: Fly;
  readonly #underWay = new Map<string, Flight>();
  /** For each of them, also one that was given up: whose proofs were to be forgotten meanwhile. */
  readonly #meanwhile = new Set<PrincipalFilter[]>();

  /** `fly` is told in `forgotten` of what is to be forgotten while it runs. */
  constructor(fly: Fly) {
    this.#fly = fly;
  }

  /** The one that is under way with this credential, unless it was given up; else a new one. */
  of(request: ProofRequest): Flight {
    const flight = this.#underWay.get(request.key);
    return flight?.controller.signal.aborted === false ? flight : this.#start(request);
  }

  forget(filter: PrincipalFilter): void {
    for (const forgotten of this.#meanwhile) forgotten.push(filter);
  }

  #start(request: ProofRequest): Flight {
    const controller = new AbortController();
    const forgotten: PrincipalFilter[] = [];
    this.#meanwhile.add(forgotten);
    const landing = this.#fly(request, controller, forgotten).finally(() => {
      this.#meanwhile.delete(forgotten);
      if (this.#underWay.get(request.key) === flight) this.#underWay.delete(request.key);
    });
    const flight: Flight = { controller, client: request.question?.client, landing, waiting: 0 };
    this.#underWay.set(request.key, flight);
    return flight;
  }
}

/** Waits for `flight`, which is given up when all who wait for it have gone. */
export async function landingFor(request: ProofRequest, flight: Flight): Promise<Landing> {
  flight.waiting += 1;
  const stopListening = request.onGone(() => {
    flight.waiting -= 1;
    if (flight.waiting === 0) flight.controller.abort();
  });
  return flight.landing.finally(stopListening);
}

export function isAnyOf(principal: Principal, filters: readonly PrincipalFilter[]): boolean {
  return filters.some((filter) => matchesFilter(principal, filter));
}
