import { type Credential, clientOf } from './people.js';
import { LIMITS, type Place } from './place.js';
import type { Verb } from './promised.js';
import { requestText, whomOf } from './requests.js';
import { must } from './rules.js';
import type { Exchange } from './wire.js';

interface Asked {
  readonly credential: Credential;
  readonly address: string;
  readonly verb: Verb;
  readonly session: string | undefined;
}

/** Calls that run into each other: what may come of them in whatever order, and what never. */
export class Race {
  readonly place: Place;
  /** Whose session it is, of those whose beginning was answered, in that order. */
  readonly owners = new Map<string, string>();
  readonly streams: Exchange[] = [];
  /** How often somebody was enabled again. */
  readonly #enabled = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #faults: unknown[] = [];
  /** What waits for an answer. */
  readonly waiting = new Set<string>();
  readonly #asked: Asked[] = [];

  constructor(place: Place) {
    this.place = place;
  }

  get underWay(): Promise<unknown> {
    return Promise.all(this.#underWay);
  }

  enable(subject: string, isActive: boolean): void {
    this.place.active.set(subject, isActive);
    if (isActive) this.#enabled.set(subject, (this.#enabled.get(subject) ?? 0) + 1);
  }

  call(asked: Asked): void {
    this.#asked.push(asked);
    const title = `${this.#asked.length}: ${asked.credential.name}, ${asked.verb}`;
    this.waiting.add(title);
    this.#track(this.#answered(asked).finally(() => this.waiting.delete(title)));
  }

  revoke(subject: string): void {
    const before = [...this.owners].filter(([, owner]) => owner === subject).map(([id]) => id);
    const revoked = this.place.sessions.revoke({ subject }).then(
      () =>
        must(
          before.every((id) => this.#isOver(id)),
          'a session outlived its revocation',
        ),
      () => must(this.place.hasFailed, 'a revocation failed for nothing'),
    );
    this.#track(revoked);
  }

  /** Throws what has been found so far. */
  check(): void {
    if (this.#faults.length > 0) throw this.#faults[0];
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work.catch((fault: unknown) => void this.#faults.push(fault)));
  }

  #isOver(id: string): boolean {
    return this.place.ended.some((one) => one.id === id);
  }

  async #answered({ credential, address, verb, session }: Asked): Promise<void> {
    const { subject = '', isRight } = credential;
    const wasOver = session !== undefined && this.#isOver(session);
    const enabled = this.#enabled.get(subject);
    const wasDisabled = this.place.active.get(subject) === false;
    const exchange = this.place.send(address, requestText(verb, credential, session));
    const { status, headers } = await exchange.opened;
    if (verb === 'GET' && status === 200) this.streams.push(exchange);
    else {
      const answer = await exchange.closed;
      if (status === 200 && verb === 'whoami')
        must(whomOf(answer) === subject, `${subject} ran as ${whomOf(answer)}`);
    }
    if (status !== 200) return;
    must(isRight, `${credential.name} was served`);
    must(!wasDisabled || this.#enabled.get(subject) !== enabled, `${subject} was served while disabled`);
    if (verb === 'initialize') {
      const id = headers.get('mcp-session-id') ?? '';
      must(id !== session && !this.owners.has(id), 'a session id came twice');
      this.owners.set(id, subject);
      return;
    }
    must(!wasOver, 'a session was served that was over');
    must(
      session !== undefined && this.owners.get(session) === subject,
      `${subject} was served in a session of ${this.owners.get(session ?? '')}`,
    );
  }

  /** How many wrong credentials were verified, for each key: never more than `points` within one window. */
  checkGuesses(): void {
    const guesses = new Map<string, number>();
    for (const { credential, address } of this.place.verified) {
      if (credential.isRight) continue;
      const client = clientOf(address);
      const { account } = credential;
      // A source that belongs to the account has a budget of its own.
      const isOwn = this.#asked.some(
        (one) =>
          one.credential.isRight && one.credential.account === account && clientOf(one.address) === client,
      );
      const keys = account === undefined || isOwn ? [client] : [client, account, `${client} ${account}`];
      for (const key of keys) guesses.set(key, (guesses.get(key) ?? 0) + 1);
    }
    for (const [key, count] of guesses) must(count <= LIMITS.points, `${count} guesses for ${key}`);
  }
}
