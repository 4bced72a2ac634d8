import { isRecord } from '../options.js';
import type { SessionEndReason } from '../types.js';
import type { RedisClient } from './client.js';
import type { Namespace } from './session-namespace.js';
import { subscribe } from './subscriber.js';

type Listener = (id: string, reason: SessionEndReason) => void;

const REASONS: Readonly<Record<SessionEndReason, true>> = {
  deleted: true,
  idle: true,
  expired: true,
  revoked: true,
  evicted: true,
  inactive: true,
  failed: true,
  shutdown: true,
};

export interface SessionNewsOptions {
  readonly client: RedisClient;
  readonly channel: string;
  /** By which this store knows its own news, and does not tell of them. */
  readonly origin: string;
  readonly spaces: readonly Namespace[];
}

/** Tells of sessions that other stores removed. Connected while somebody listens. */
export class SessionNews {
  readonly #options: SessionNewsOptions;
  readonly #listeners = new Set<Listener>();
  #stop: (() => void) | undefined;

  constructor(options: SessionNewsOptions) {
    this.#options = options;
  }

  /** Answers the way to stop. What is said before the connection stands is not heard. */
  listen(listener: Listener): () => void {
    // Somebody may listen twice with one function.
    const own: Listener = (id, reason) => listener(id, reason);
    this.#listeners.add(own);
    const { client, channel } = this.#options;
    this.#stop ??= subscribe(client, channel, (message) => this.#read(message));
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  tell(id: string, reason: SessionEndReason): void {
    for (const listener of this.#listeners) {
      try {
        listener(id, reason);
      } catch {
        // Thrown on into the client, it would end the process.
      }
    }
  }

  /** Whoever reaches Redis may publish: only what opens is believed. */
  #read(message: string): void {
    const news = parse(message);
    if (!isRecord(news) || news.origin === this.#options.origin) return;
    const { ns, hash, id: sealed, reason } = news;
    if (typeof hash !== 'string' || typeof sealed !== 'string' || !isReason(reason)) return;
    const id = this.#options.spaces.find(({ name }) => name === ns)?.open('id', hash, sealed);
    if (typeof id === 'string') this.tell(id, reason);
  }
}

const isReason = (value: unknown): value is SessionEndReason =>
  typeof value === 'string' && Object.hasOwn(REASONS, value);

function parse(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}
