import { randomUUID } from 'node:crypto';

import type { LoginBudget, LoginKeys, LoginReservation, LoginStore } from '../types.js';
import { Backlog } from './backlog.js';
import { type Connection, NotSent } from './connection.js';
import { readReservation } from './login-reply.js';
import { KNOWN_SOURCE_MS, RESERVE, SETTLE } from './login-scripts.js';
import { nonsense } from './reply.js';
import { openStore, type RedisStoreOptions } from './store-options.js';

type Reserved = LoginReservation & { readonly status: 'reserved' };
type Outcome = 'failed' | 'proven' | 'released';

/** The options of `redisLoginStore`. */
export interface RedisLoginStoreOptions extends RedisStoreOptions {}

const SHORTEST_HOLD_MS = 60_000;
const LONGEST_HOLD_MS = 3_600_000;

/**
 * Counts failed logins in Redis (6.2 or later), for `mcpLoginLimiter({ store })` on all nodes: one budget for all of
 * them. Each step is one round trip. What Redis does not answer within `timeoutMs`, or answers with an error, is an
 * outage: the call rejects, and the guards answer 503.
 * Throws `TypeError` for bad options.
 *
 * @example
 * mcpLoginLimiter({ store: redisLoginStore({ client }) })
 */
export function redisLoginStore(options: RedisLoginStoreOptions): LoginStore {
  const { connection, prefix } = openStore('redisLoginStore', options);
  return new RedisLoginStore(connection, `${prefix}:{login}`);
}

class RedisLoginStore implements LoginStore {
  readonly #connection: Connection;
  readonly #base: string;
  readonly #backlog = new Backlog();

  constructor(connection: Connection, base: string) {
    this.#connection = connection;
    this.#base = base;
  }

  async reserve(keys: LoginKeys, budget: LoginBudget): Promise<LoginReservation> {
    // Minted here, so that a reservation can be given back of which nobody knows whether it was made.
    const id = randomUUID();
    const args = [id, String(budget.points), holdOf(budget), ...pairsOf(keys)];
    try {
      const reply = await this.#connection.run(RESERVE, [this.#base], args, () => this.#backlog.hurry());
      return readReservation(reply, id, keys);
    } catch (error) {
      if (!(error instanceof NotSent)) {
        this.#backlog.add(id, () => this.#end(id, keys, 'abandoned', budget));
      }
      throw error;
    }
  }

  async settle({ id, keys }: Reserved, outcome: Outcome, budget: LoginBudget): Promise<void> {
    if (this.#backlog.has(id)) return;
    const end = (): Promise<void> => this.#end(id, keys, outcome, budget);
    try {
      await end();
    } catch (error) {
      // A failure that is not written would be a free guess, a point that is not given back a lock.
      this.#backlog.add(id, end);
      throw error;
    }
  }

  async #end(
    id: string,
    keys: LoginKeys,
    outcome: Outcome | 'abandoned',
    budget: LoginBudget,
  ): Promise<void> {
    const times = [windowOf(budget), KNOWN_SOURCE_MS, holdOf(budget)].map(String);
    const reply = await this.#connection.run(SETTLE, [this.#base], [id, outcome, ...times, ...pairsOf(keys)]);
    if (reply !== 'settled' && reply !== 'over') throw nonsense();
  }
}

const windowOf = ({ durationSeconds }: LoginBudget): number => Math.ceil(durationSeconds * 1000);

/** How long a point is held by an attempt of which nothing is heard again, in milliseconds. */
function holdOf(budget: LoginBudget): string {
  return String(Math.min(Math.max(windowOf(budget), SHORTEST_HOLD_MS), LONGEST_HOLD_MS));
}

function pairsOf({ ip, ipAccount, account }: LoginKeys): string[] {
  const pairs = Object.entries({ ip, ipAccount, account });
  return pairs.flatMap(([kind, key]) => (key === undefined ? [] : [kind, key]));
}
