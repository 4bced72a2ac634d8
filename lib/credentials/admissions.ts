import type { LimiterRefusal, LoginQuestion } from '../request-state.js';
import { addClient, type RememberedProof } from './proof-cache.js';
import type { ProofRequest, Verification } from './verification.js';

/** Asks the limiter about remembered proofs that are presented from other clients: once, however many do so at a time. */
export class Admissions {
  readonly #verification: Pick<Verification, 'admit'>;
  readonly #underWay = new Map<string, Promise<LimiterRefusal | undefined>>();

  constructor(verification: Pick<Verification, 'admit'>) {
    this.#verification = verification;
  }

  /** What the limiter has against it. Where it has nothing, or the refusal is lifted, the client is known from then on. */
  async ask(
    request: ProofRequest,
    question: LoginQuestion,
    known: RememberedProof,
  ): Promise<LimiterRefusal | undefined> {
    const place = `${request.key} ${question.client}`;
    const admission = this.#underWay.get(place) ?? this.#admit(request, question, known);
    this.#underWay.set(place, admission);
    return admission.finally(() => this.#underWay.delete(place));
  }

  async #admit(
    request: ProofRequest,
    { client, limiter }: LoginQuestion,
    known: RememberedProof,
  ): Promise<LimiterRefusal | undefined> {
    const refusal = await this.#verification.admit(request);
    if (!refusal) addClient(known, client);
    return (
      refusal && {
        ...refusal,
        lift: () => {
          addClient(known, client);
          void limiter.vouch(client, request.account);
        },
      }
    );
  }
}
