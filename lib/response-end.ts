import type { Socket } from 'node:net';

import type { Response } from 'express';

/** Those who wait for the end of one response: one listener on it and on its connection, for all of them. */
class Waiting {
  readonly #listeners = new Set<() => void>();
  readonly #response: Response;
  readonly #others: Set<Waiting>;

  constructor(response: Response) {
    const { socket } = response.req;
    this.#response = response;
    this.#others = pending.get(socket) ?? watchSocket(socket);
    this.#others.add(this);
    response.on('close', this.over);
    waiting.set(response, this);
  }

  add(listener: () => void): void {
    this.#listeners.add(listener);
  }

  remove(listener: () => void): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop();
  }

  /** Tells each once, but none that another has stopped meanwhile. */
  readonly over = (): void => {
    this.#stop();
    for (const listener of [...this.#listeners]) {
      if (this.#listeners.delete(listener)) listener();
    }
  };

  #stop(): void {
    this.#response.off('close', this.over);
    this.#others.delete(this);
    if (waiting.get(this.#response) === this) waiting.delete(this.#response);
  }
}

const waiting = new WeakMap<Response, Waiting>();
/** Of responses that are not over yet, by their connection. */
const pending = new WeakMap<Socket, Set<Waiting>>();

/**
 * Runs `listener` once, when `response` is over: answered in full, or its client gone. A response that waits for its turn
 * on a connection (pipelining) is told nothing by Node when that closes. Returns the way to stop listening.
 */
export function onOver(response: Response, listener: () => void): () => void {
  const others = waiting.get(response) ?? new Waiting(response);
  others.add(listener);
  return () => others.remove(listener);
}

/** Whether nobody waits for the answer any more. */
export function isGone(response: Response): boolean {
  return response.destroyed || response.req.socket.destroyed;
}

function watchSocket(socket: Socket): Set<Waiting> {
  const responses = new Set<Waiting>();
  pending.set(socket, responses);
  socket.once('close', () => {
    for (const response of [...responses]) response.over();
  });
  return responses;
}
