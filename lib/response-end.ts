import type { Socket } from 'node:net';

import type { Response } from 'express';

/** Of responses that are not over yet, by their connection. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Runs `listener` once, when `response` is over: answered in full, or its client gone. A response that waits for its turn
 * on a connection (pipelining) is told nothing by Node when that closes. Returns the way to stop listening.
 */
export function onOver(response: Response, listener: () => void): () => void {
  const { socket } = response.req;
  const others = waiting.get(socket) ?? watch(socket);
  const stop = (): void => {
    response.off('close', over);
    others.delete(over);
  };
  const over = (): void => {
    stop();
    listener();
  };
  response.once('close', over);
  others.add(over);
  return stop;
}

/** Whether nobody waits for the answer any more. */
export function isGone(response: Response): boolean {
  return response.destroyed || response.req.socket.destroyed;
}

function watch(socket: Socket): Set<() => void> {
  const listeners = new Set<() => void>();
  waiting.set(socket, listeners);
  socket.once('close', () => {
    for (const over of [...listeners]) over();
  });
  return listeners;
}
