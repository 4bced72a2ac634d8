import type { SessionEndReason } from '../types.js';
import type { Exchange } from './exchange.js';
import type { LiveSession } from './live-session.js';

/** Streams must close within one second of their end. */
const TICK_MS = 250;

/** One timer for everything that ends by itself; it rests while there is nothing to watch. */
export class Watch {
  readonly #sessions: ReadonlyMap<string, LiveSession>;
  readonly #exchanges: ReadonlySet<Exchange>;
  readonly #options: { readonly idleSeconds: number; readonly recheckSeconds: number };
  readonly #end: (session: LiveSession, reason: SessionEndReason) => Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    sessions: ReadonlyMap<string, LiveSession>,
    exchanges: ReadonlySet<Exchange>,
    options: { readonly idleSeconds: number; readonly recheckSeconds: number },
    end: (session: LiveSession, reason: SessionEndReason) => Promise<void>,
  ) {
    this.#sessions = sessions;
    this.#exchanges = exchanges;
    this.#options = options;
    this.#end = end;
  }

  wake(): void {
    this.#timer ??= setInterval(() => this.#tick(Date.now()), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Why `session` is over at `now` (milliseconds), if it is. Streams and running calls hold off only the idle end. */
  overdue(session: LiveSession, now: number): SessionEndReason | undefined {
    if (now >= session.expiresAt) return 'expired';
    const isIdle = !session.isBusy && now - session.lastSeenAt >= this.#options.idleSeconds * 1000;
    return isIdle ? 'idle' : undefined;
  }

  #tick(now: number): void {
    for (const session of this.#sessions.values()) {
      const reason = this.overdue(session, now);
      if (reason) void this.#end(session, reason);
    }
    for (const exchange of this.#exchanges) {
      if (now >= exchange.expiresAt) exchange.end('invalid_credentials');
      else if (now >= exchange.nextRecheckAt) void this.#recheck(exchange, now);
    }
    if (this.#sessions.size === 0 && this.#exchanges.size === 0) this.stop();
  }

  async #recheck(exchange: Exchange, now: number): Promise<void> {
    if (exchange.isRechecking) return;
    exchange.isRechecking = true;
    exchange.nextRecheckAt = now + this.#options.recheckSeconds * 1000;
    try {
      // `false` ends everything of that principal, by way of the keeper's listeners.
      await exchange.keeper?.recheck?.(exchange.principal);
      exchange.failedRechecks = 0;
    } catch {
      exchange.failedRechecks += 1;
      if (exchange.failedRechecks > 1) exchange.end('unavailable');
    } finally {
      exchange.isRechecking = false;
    }
  }
}
