import { randomUUID } from 'node:crypto';

import type { SessionEndReason } from '../types.js';
import type { RedisClient } from './client.js';
import { objectIn } from './reply.js';
import type { Namespace } from './session-namespace.js';
import type { SessionStoreSettings } from './session-options.js';
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

/** Tells of sessions that other stores removed. Connected while somebody listens. */
export class SessionNews {
  /** What a step is told that tells the other stores. By `origin` this store knows its own news, and passes them over. */
  readonly sender: { readonly origin: string; readonly channel: string };
  readonly #client: RedisClient;
  readonly #spaces: readonly Namespace[];
  readonly #listeners = new Set<Listener>();
  #stop: (() => void) | undefined;

  constructor({ client, spaces }: SessionStoreSettings, channel: string) {
    this.#client = client;
    this.#spaces = spaces;
    this.sender = { origin: randomUUID(), channel };
  }

  /** Answers the way to stop. What is said before the connection stands is not heard. */
  listen(listener: Listener): () => void {
    // Somebody may listen twice with one function.
    const own: Listener = (id, reason) => listener(id, reason);
    this.#listeners.add(own);
    this.#stop ??= subscribe(this.#client, this.sender.channel, (message) => this.#read(message));
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
    const news = objectIn(message);
    if (!news || news.origin === this.sender.origin) return;
    const { ns, hash, id: sealed, reason } = news;
    if (typeof hash !== 'string' || typeof sealed !== 'string' || !isReason(reason)) return;
    const id = this.#spaces.find(({ name }) => name === ns)?.open('id', hash, sealed);
    if (typeof id === 'string') this.tell(id, reason);
  }
}

const isReason = (value: unknown): value is SessionEndReason =>
  typeof value === 'string' && Object.hasOwn(REASONS, value);
