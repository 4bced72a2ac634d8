import { TimeUp, withinTime } from '../within-time.js';
import { isReady, type RedisClient, sendTo } from './client.js';
import type { Script } from './script.js';

/** How long a store waits for Redis unless its user says otherwise: a refusal must come within 250 ms. */
export const DEFAULT_TIMEOUT_MS = 200;

/** While Redis owes answers, one call in this many milliseconds asks whether it is back. */
const PROBE_MS = 250;

/** What a call is rejected with that was not made: it has changed nothing, and will not. */
export class NotSent extends Error {}

/** What to do with an answer that comes after its caller was told that there is none. */
export type OnLate = (reply: unknown) => void;

/**
 * The user's client with an end to all waiting. Rejects at once where the client is not connected, so that nothing gets
 * into an offline queue, and while Redis owes answers, so that nothing piles up in a connection that is stuck.
 */
export class Connection {
  readonly #client: RedisClient;
  readonly #timeoutMs: number;
  /** Calls that Redis has neither answered in time nor yet. */
  #owed = 0;
  #probedAt = 0;

  constructor(client: RedisClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** Runs a script in one round trip; in two where Redis does not know it. */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    onLate?: OnLate,
  ): Promise<unknown> {
    const operands = [String(keys.length), ...keys, ...args] as const;
    const sendWhole = (): Promise<unknown> => sendTo(this.#client, ['EVAL', script.source, ...operands]);
    return this.#bounded(async () => {
      if (script.keepsOrder) return sendWhole();
      try {
        return await sendTo(this.#client, ['EVALSHA', script.sha, ...operands]);
      } catch (error) {
        if (!isNoScript(error) || !isReady(this.#client)) throw error;
        return sendWhole();
      }
    }, onLate);
  }

  async #bounded(work: () => Promise<unknown>, onLate: OnLate | undefined): Promise<unknown> {
    if (!isReady(this.#client)) throw new NotSent('Redis is not connected');
    const now = Date.now();
    if (this.#owed > 0) {
      if (now - this.#probedAt < PROBE_MS) throw new NotSent('Redis does not answer');
      this.#probedAt = now;
    }
    const working = work();
    try {
      return await withinTime(() => working, this.#timeoutMs);
    } catch (error) {
      if (error instanceof TimeUp) this.#await(working, onLate);
      throw error;
    }
  }

  #await(working: Promise<unknown>, onLate: OnLate | undefined): void {
    this.#owed += 1;
    const paid = (): void => {
      this.#owed -= 1;
    };
    working.then(
      (reply) => {
        paid();
        onLate?.(reply);
      },
      // Whether it was done before the connection broke is not known.
      paid,
    );
  }
}

function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
