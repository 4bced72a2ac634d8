import type { RequestHandler } from 'express';

import { checkOptions, methodsOf, type OptionRule, required, rule } from '../options.js';
import type { EventStore } from './sdk.js';

/** The options of every MCP handler, but for `createServer`. */
export interface HandlerOptions {
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Answers calls with JSON instead of a stream. Default false. */
  readonly enableJsonResponse?: boolean;
  /** Makes streams resumable; scoped to the session by the handler. */
  readonly eventStore?: EventStore;
  /** How often an open stream shows that it is alive. Default: the SDK's. */
  readonly keepAliveMs?: number;
  /**
   * Whether a session of a shared store that another process began is built again here, from `createServer` and its
   * `initialize`, when a request for it comes. Without, such a request is a 404. Default true.
   */
  readonly failover?: boolean;
  /** How long `createServer`, and `startSession`, may take. Default 5000. */
  readonly createTimeoutMs?: number;
  /**
   * Gets errors of `createServer`, `startSession`, `endSession`, the event store and the transport as they are: they
   * may hold secrets. The transport also reports what clients do wrong.
   */
  readonly onError?: (error: unknown) => void;
}

export interface CloseOptions {
  /** How long calls in flight have to finish, in milliseconds; 0 for not at all. Default 10 000. */
  readonly graceMs?: number;
}

export interface McpHandler extends RequestHandler {
  /**
   * Shuts down: new requests get 503, calls in flight have `graceMs` to finish, then streams end and sessions end with
   * `shutdown`. Resolves when all is closed.
   */
  close(options?: CloseOptions): Promise<void>;
}

type HandlerRule = 'createServer' | keyof HandlerOptions;

export const HANDLER_RULES: Readonly<Record<HandlerRule, OptionRule>> = {
  createServer: required(rule.callback),
  maxBodyBytes: rule.count,
  enableJsonResponse: rule.flag,
  eventStore: methodsOf('storeEvent', 'replayEventsAfter'),
  keepAliveMs: rule.milliseconds,
  failover: rule.flag,
  createTimeoutMs: rule.milliseconds,
  onError: rule.callback,
};

const DEFAULT_GRACE_MS = 10_000;

const isGrace = (value: unknown): boolean => value === 0 || rule.milliseconds.test(value);

/** Throws `TypeError` for bad options. */
export function graceMsOf(options: CloseOptions): number {
  checkOptions('close', options, { graceMs: { ...rule.milliseconds, test: isGrace } });
  return options.graceMs ?? DEFAULT_GRACE_MS;
}
