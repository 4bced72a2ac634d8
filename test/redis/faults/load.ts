import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import { initialize, toolCall } from '../../support/call.js';
import { digest } from '../../support/children/chain.js';
import { textOf } from '../../support/session.js';
import type { Ledger, Owned } from './ledger.js';
import { PEOPLE, PROBE, personOf, STRANGER, TARGETS } from './people.js';
import type { Random } from './random.js';
import { type Got, send } from './request.js';
import type { Place, World } from './world.js';

/** Sessions that are kept going. */
const WANTED = 24;
/** An ended session may be served by a node that cannot ask, and for as long after it can. */
const RECOVERY_MS = 2000;

export interface LoadOptions {
  readonly world: World;
  readonly ledger: Ledger;
  readonly random: Random;
  /** How long a node may go on with what it knows. */
  readonly knownMs: number;
}

/** Everybody who wants something of the nodes, until it is stopped. */
export class Load {
  readonly #options: LoadOptions;
  #isOver = false;
  #calls = 0;
  #working: readonly Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Everybody is known by every node, and their addresses by Redis: from then on nobody else's guesses hold them up. */
  async prepare(): Promise<void> {
    for (const place of this.#options.world.places) {
      for (const user of [...PEOPLE, PROBE, STRANGER]) await this.begin(place, user, 'first login');
    }
  }

  start(): void {
    const { random } = this.#options;
    const loop = async (pauseMs: number, work: (random: Random) => Promise<unknown>): Promise<void> => {
      const own = random.fork();
      while (!this.#isOver) {
        await work(own);
        await wait(own.between(0, 2 * pauseMs));
      }
    };
    this.#working = [
      ...Array.from({ length: 4 }, () => loop(15, (own) => this.#use(own))),
      ...Array.from({ length: 2 }, () => loop(20, (own) => this.#guess(own))),
      loop(25, (own) => this.#steal(own)),
      loop(60, (own) => this.#begin(own)),
      loop(150, (own) => this.#end(own)),
    ];
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#working);
  }

  /** A new session of somebody; resolves to whether it was given. */
  async begin(place: Place, user: string, who = 'new session'): Promise<string | undefined> {
    const { ledger } = this.#options;
    const process = place.node;
    const got = await send(ledger, place, { who, ...personOf(user), body: initialize() });
    const id = got.headers['mcp-session-id'];
    if (got.status === 200 && typeof id === 'string') {
      ledger.served(user, `${process.name} ${process.pid}`);
      return id;
    }
    if (got.status === 429 && !ledger.isKnown(user)) ledger.count(who, '429 after a flush');
    else this.#mustBe([0, 503], got, 'refused', `${who} of ${user} at ${place.name}`);
    return undefined;
  }

  #mustBe(allowed: readonly number[], got: Got, kind: 'bypass' | 'refused', what: string): void {
    if (allowed.includes(got.status)) return;
    this.#options.ledger.violate(
      got.status >= 500 || got.status === 400 ? 'unexpected' : kind,
      `${what}: ${got.status} ${got.text.slice(0, 200)}`,
    );
  }

  #next(): number {
    this.#calls += 1;
    return this.#calls;
  }

  async #begin(random: Random): Promise<void> {
    const { world, ledger } = this.#options;
    if (ledger.live().length >= WANTED) return;
    const user = random.pick(PEOPLE);
    const id = await this.begin(random.pick(world.places), user);
    if (id !== undefined) ledger.begun(id, user);
  }

  /** An owner uses a session, or one that is over. */
  async #use(random: Random): Promise<void> {
    const { world, ledger } = this.#options;
    const pool = ledger.over.length > 0 && random.next() < 0.15 ? ledger.over : ledger.live();
    if (pool.length === 0) return;
    const session = random.pick(pool);
    const place = random.pick(world.places);
    const since = performance.now();
    const got = await send(ledger, place, {
      who: session.state === 'over' ? 'ended session' : 'session',
      ...personOf(session.owner),
      session: session.id,
      // Two requests of one session under one id are one to the SDK.
      body: toolCall('token', {}, this.#next()),
    });
    const what = `session of ${session.owner} at ${place.name}`;
    if (got.status === 200) this.#served(session, place, since, got, what);
    else if (got.status === 404) {
      if (session.state === 'live') this.#lost(session, what);
    } else if (got.status === 429 && !ledger.isKnown(session.owner))
      ledger.count('session', '429 after a flush');
    else this.#mustBe([0, 503], got, 'refused', what);
  }

  #served(session: Owned, place: Place, since: number, got: Got, what: string): void {
    const { ledger, world, knownMs } = this.#options;
    const issued = world.logins().find(({ sessionId }) => sessionId === session.id);
    const text = textOf({ ...got, challenges: [], code: undefined });
    if (text !== digest(issued?.token)) ledger.violate('bypass', `${what}: another login's token`);
    if (since < session.overAt) return;
    const age = since - session.overAt;
    const isKnown = since - place.disturbedAt() < RECOVERY_MS && age < knownMs + RECOVERY_MS;
    if (isKnown) ledger.count('ended session', '200 by a node that could not ask');
    else ledger.violate('bypass', `${what}: served ${Math.round(age)} ms after its end`);
  }

  #lost(session: Owned, what: string): void {
    const { ledger } = this.#options;
    ledger.settle(session, 'unsure');
    ledger.violate('lost', what);
  }

  /** Somebody who does not know the password. */
  async #guess(random: Random): Promise<void> {
    const { world, ledger } = this.#options;
    const user = random.pick(TARGETS);
    const live = ledger.live().filter(({ owner }) => owner === user);
    const session = live.length > 0 && random.next() < 0.5 ? random.pick(live) : undefined;
    const got = await send(ledger, random.pick(world.places), {
      who: 'guess',
      user,
      password: randomBytes(8).toString('hex'),
      address: `10.${random.between(0, 255)}.${random.between(0, 255)}.${random.between(1, 254)}`,
      ...(session && { session: session.id }),
      body: session ? toolCall('whoami') : initialize(),
    });
    this.#mustBe([0, 401, 429, 503], got, 'bypass', `guess at ${user}`);
  }

  /** Somebody proven, with a session of somebody else. */
  async #steal(random: Random): Promise<void> {
    const { world, ledger } = this.#options;
    const live = ledger.live();
    if (live.length === 0) return;
    const { id: session, owner } = random.pick(live);
    const method = random.pick(['POST', 'GET', 'DELETE']);
    const got = await send(ledger, random.pick(world.places), {
      who: 'stolen id',
      ...personOf(STRANGER),
      method,
      session,
      ...(method === 'POST' && { body: toolCall('whoami') }),
    });
    this.#mustBe([0, 404, 503], got, 'bypass', `stolen session of ${owner}: ${method}`);
  }

  /** An owner ends a session, or an operator does. */
  async #end(random: Random): Promise<void> {
    const { world, ledger } = this.#options;
    const live = ledger.live();
    if (live.length < WANTED / 2) return;
    const session = random.pick(live);
    const place = random.pick(world.places);
    session.state = 'ending';
    const ended = random.next() < 0.5 ? this.delete(session, place) : this.#revoke(session, place);
    const isOver = await ended;
    // Redis may have forgotten it meanwhile.
    if (ledger.sessions.has(session)) ledger.settle(session, isOver ? 'over' : 'unsure');
  }

  async delete(session: Owned, place: Place): Promise<boolean> {
    const { ledger } = this.#options;
    const got = await send(ledger, place, {
      who: 'delete',
      ...personOf(session.owner),
      method: 'DELETE',
      session: session.id,
    });
    if (got.status === 404 && ledger.sessions.has(session)) ledger.violate('lost', `delete at ${place.name}`);
    else if (got.status !== 200 && got.status !== 429)
      this.#mustBe([0, 404, 503], got, 'refused', `delete of ${session.owner} at ${place.name}`);
    return got.status === 200;
  }

  async #revoke(session: Owned, place: Place): Promise<boolean> {
    const ended = await place.node.revoke({ sessionId: session.id }).catch(() => undefined);
    this.#options.ledger.count('revoke', ended === undefined ? 'failed' : String(ended));
    return ended === 1;
  }
}
