import { LimiterModel } from './limiter-model.js';
import { type Credential, clientOf } from './people.js';
import { LIMITS } from './place.js';
import { type Call, DOWN, FULL, NOT_FOUND, type Promised, REQUIRED, type Verb, WRONG } from './promised.js';
import { type SessionModel, SessionsModel } from './session-model.js';

interface Proof {
  readonly clients: Set<string>;
  readonly diesAt: number;
}

type Proven = { readonly subject: string; readonly deferred: Promised | undefined };

/** What is promised, where one call follows the other: the limiter, proofs and sessions, as simply as can be. */
export class Model {
  now: number;
  readonly begunAt: number;
  readonly faults = { verifier: false, store: false, limiter: false };
  readonly inactive = new Set<string>();
  readonly sessions = new SessionsModel();
  readonly limiter = new LimiterModel();
  readonly #proofs = new Map<string, Proof>();
  readonly #rejected = new Map<string, number>();

  constructor(now: number) {
    this.now = now;
    this.begunAt = now;
  }

  diesAt({ diesAfter }: Credential): number {
    return diesAfter === undefined ? Number.POSITIVE_INFINITY : this.begunAt + diesAfter * 1000;
  }

  forget(subject: string, credentials: readonly Credential[]): void {
    for (const { name, subject: owner } of credentials) if (owner === subject) this.#proofs.delete(name);
  }

  /** What `call` is answered; what it changes is changed, but for the session that an `initialize` begins. */
  promised(call: Call): Promised {
    const { credential } = call;
    if (credential.scheme === 'none') return { status: 401, code: 'missing_credentials' };
    if (credential.scheme === 'unusable') return { status: 401, code: 'malformed_credentials' };
    const proven = this.#prove(call);
    return 'subject' in proven ? this.#bind(call, proven) : proven;
  }

  #prove(call: Call): Promised | Proven {
    const { credential, address } = call;
    const { name, subject } = credential;
    const client = clientOf(address);
    const proof = this.#proofs.get(name);
    if (proof && subject !== undefined && this.now < proof.diesAt && this.now < this.diesAt(credential)) {
      return proof.clients.has(client)
        ? this.#alive(name, subject, undefined)
        : this.#admit(call, proof, subject);
    }
    if ((this.#rejected.get(name) ?? 0) > this.now) return WRONG;
    let keys = this.#reserve(call);
    if (!Array.isArray(keys) && this.sessions.live(call.session)?.proofs.includes(name)) {
      if (!this.faults.limiter) this.limiter.vouch(client, credential.account, this.now);
      keys = this.#reserve(call);
    }
    if (!Array.isArray(keys)) return keys as Promised;
    if (this.faults.verifier) return DOWN;
    if (!credential.isRight || subject === undefined) {
      this.limiter.fail(keys, this.now);
      this.#rejected.set(name, this.now + LIMITS.windowSeconds * 1000);
      return WRONG;
    }
    if (this.now >= this.diesAt(credential)) return WRONG;
    this.limiter.prove(client, credential.account);
    this.#proofs.set(name, { clients: new Set([client]), diesAt: this.now + LIMITS.ttlSeconds * 1000 });
    return this.#alive(name, subject, undefined);
  }

  /** A proof from a client that has not proved it: the limiter decides, unless a live session of the person’s own lifts that. */
  #admit(call: Call, proof: Proof, subject: string): Promised | Proven {
    const client = clientOf(call.address);
    const keys = this.#reserve(call);
    if (Array.isArray(keys)) {
      this.limiter.prove(client, call.credential.account);
      proof.clients.add(client);
      return this.#alive(call.credential.name, subject, undefined);
    }
    const refusal = keys as Promised;
    if (this.sessions.live(call.session)?.owner !== subject) return refusal;
    const alive = this.#alive(call.credential.name, subject, refusal);
    return 'subject' in alive ? alive : refusal;
  }

  #reserve({ credential, address }: Call): readonly string[] | Promised {
    if (this.faults.limiter) return DOWN;
    const keys = this.limiter.reserve(clientOf(address), credential.account, this.now);
    return keys === 'full' ? FULL : keys;
  }

  #alive(name: string, subject: string, deferred: Promised | undefined): Promised | Proven {
    if (this.faults.verifier) return DOWN;
    if (!this.inactive.has(subject)) return { subject, deferred };
    this.#proofs.delete(name);
    this.sessions.endOwned(subject);
    return WRONG;
  }

  #bind(call: Call, { subject, deferred }: Proven): Promised {
    const { session: id, credential, verb } = call;
    if (id === undefined) return deferred ?? this.#serve(verb, subject, undefined, credential);
    const session = this.sessions.live(id);
    if (id !== 'malformed' && this.faults.store && !this.#isWellKnown(session, subject))
      return deferred ?? DOWN;
    if (session && !this.faults.store) session.confirmedAt = this.now;
    if (session?.owner !== subject) {
      return (
        deferred ?? (verb === 'initialize' ? this.#serve(verb, subject, undefined, credential) : NOT_FOUND)
      );
    }
    if (deferred) {
      const client = clientOf(call.address);
      this.#proofs.get(credential.name)?.clients.add(client);
      if (!this.faults.limiter) this.limiter.vouch(client, credential.account, this.now);
    }
    this.sessions.use(session, credential.name, this.now);
    return this.#serve(verb, subject, session, credential);
  }

  #isWellKnown(session: SessionModel | undefined, subject: string): boolean {
    return session?.owner === subject && this.now - session.confirmedAt <= LIMITS.recheckSeconds * 1000;
  }

  #serve(verb: Verb, subject: string, session: SessionModel | undefined, credential: Credential): Promised {
    if (verb === 'initialize') return this.faults.store ? DOWN : { status: 200, whom: subject };
    if (!session) return REQUIRED;
    if (verb === 'whoami') return { status: 200, whom: subject };
    if (verb === 'DELETE') this.sessions.end(session);
    else if (this.sessions.isBusy(session)) return { status: 409 };
    else this.sessions.listen(session, this.diesAt(credential), this.now);
    return { status: 200 };
  }
}
