import { createHash } from 'node:crypto';

import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { isGuardError } from './errors.js';
import { type GuardNews, guardChannel, type Publish } from './events.js';
import { type Denial, denialResponse } from './http/denial.js';
import { type RequestState, requestState } from './request-state.js';
import type { Awaitable } from './types.js';

/** The guard took the answer upon itself. */
export const HANDLED: unique symbol = Symbol('handled');

/** How a guard ends: nothing (the request goes on), a denial, or `HANDLED`. */
export type GuardOutcome = Denial | typeof HANDLED | undefined;

/** Decides on one request. A `McpGuardError` it throws is a denial; anything else is a programming error. */
export type GuardAct = (request: Request, response: Response, state: RequestState) => Awaitable<GuardOutcome>;

/**
 * Makes the middleware of a guard. It has three exits and takes exactly one of them:
 * `next()`, a denial written here, or `next(error)`.
 */
export function defineGuard(name: string, act: GuardAct): RequestHandler {
  const guard = (request: Request, response: Response, next: NextFunction): void => {
    const state = requestState(request);
    const finish = (outcome: GuardOutcome): void => {
      if (outcome === undefined) next();
      else if (outcome !== HANDLED) writeDenial(response, outcome, state);
    };
    const fail = (error: unknown): void => {
      if (!isGuardError(error)) next(error);
      else writeDenial(response, { code: error.code, retryAfterSeconds: error.retryAfterSeconds }, state);
    };
    let outcome: Awaitable<GuardOutcome>;
    try {
      outcome = act(request, response, state);
    } catch (error) {
      fail(error);
      return;
    }
    if (isPromise(outcome)) outcome.then(finish, fail);
    else finish(outcome);
  };
  return Object.defineProperty(guard, 'name', { value: name });
}

function isPromise(outcome: Awaitable<GuardOutcome>): outcome is PromiseLike<GuardOutcome> {
  return typeof outcome === 'object' && 'then' in outcome;
}

/** Writes a refusal, unless an answer has begun or the client is gone. */
export function writeDenial(response: Response, denial: Denial, state: RequestState): void {
  if (response.headersSent || response.destroyed) return;
  const { status, headers, body } = denialResponse(denial, state.challenges);
  response.statusCode = status;
  for (const [name, value] of headers) response.setHeader(name, value);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

const LAST_BYTES_MS = 500;
/** What has been ended, and may still wait for its turn on a connection. */
const ending = new WeakSet<Response>();

/** Ends an answer that may have begun: a denial where none of it is out yet, else its last byte. */
export function endAnswer(response: Response, denial: Denial, state: RequestState): void {
  if (!response.headersSent) {
    writeDenial(response, denial, state);
    return;
  }
  if (response.writableFinished || ending.has(response)) return;
  ending.add(response);
  if (!response.writableEnded) response.end();
  // A client that does not read would hold the stream open for ever.
  const timer = setTimeout(() => response.destroy(), LAST_BYTES_MS).unref();
  response.once('close', () => clearTimeout(timer));
}

/** Makes the voice of a guard. Every text that leaves is one escaped line. */
export function publisher(guard: string): Publish {
  return (news) => {
    if (!guardChannel.hasSubscribers) return;
    const { principal, session, client } = news;
    guardChannel.publish({
      ...news,
      at: Date.now(),
      guard,
      ...(principal !== undefined && { principal: escapeText(principal) }),
      ...(session !== undefined && { session: hashSessionId(session) }),
      ...(client !== undefined && { client: escapeText(client) }),
    } satisfies GuardNews & { at: number; guard: string });
  };
}

function escapeText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function hashSessionId(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 16);
}
