import type { Response } from 'express';

import type { AuthInfo } from '../types.js';
import { answeredId, Calls, cancelledIds, requestIds } from './calls.js';
import { MAX_BACKLOG_BYTES } from './web-response.js';

/** What goes to the server beside a message, for either generation of the SDK. */
export interface SseMessageExtra {
  readonly authInfo: AuthInfo | undefined;
  readonly requestInfo: { readonly headers: Readonly<Record<string, string>> };
  readonly request: Request;
}

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  // Asks proxies not to hold back what is written.
  'X-Accel-Buffering': 'no',
} as const;

/**
 * The SDK's transport interface over HTTP+SSE (MCP 2024-11-05): what the server says goes out on one stream, what the
 * client says comes in by POST. Without it the SDK's own, which mints ids of its own and serves whoever knows one.
 */
export class SseTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: object, extra: SseMessageExtra) => void;
  readonly #response: Response;
  readonly #endpoint: string;
  readonly #keepAliveMs: number;
  readonly #calls: Calls;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `endpoint` is where the client is to POST. `onCalls` hears how many calls wait for an answer. */
  constructor(response: Response, endpoint: string, keepAliveMs: number, onCalls: (running: number) => void) {
    this.#response = response;
    this.#endpoint = endpoint;
    this.#keepAliveMs = keepAliveMs;
    this.#calls = new Calls(onCalls);
  }

  async start(): Promise<void> {
    this.#response.writeHead(200, HEADERS);
    this.#write(`event: endpoint\ndata: ${this.#endpoint}\n\n`);
    this.#timer = setInterval(() => this.#write(': keepalive\n\n'), this.#keepAliveMs).unref();
  }

  async send(message: object): Promise<void> {
    const id = answeredId(message);
    if (id !== undefined) this.#calls.finish(id);
    if (!this.#write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)) {
      throw new Error('the stream is closed');
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    if (!this.#response.writableEnded && !this.#response.destroyed) this.#response.end();
    this.onclose?.();
  }

  /** Hands a message of the client's to the server. */
  receive(message: object, extra: SseMessageExtra): void {
    this.#calls.begin(requestIds(message), { abandon: () => {} });
    // The SDK never answers a call that was cancelled.
    for (const id of cancelledIds(message)) this.#calls.cancel(id);
    this.onmessage?.(message, extra);
  }

  #write(event: string): boolean {
    const response = this.#response;
    if (this.#isClosed || response.writableEnded || response.destroyed) return false;
    // A reader that does not read would fill the memory.
    if (response.writableLength > MAX_BACKLOG_BYTES) response.destroy();
    else response.write(event);
    return !response.destroyed;
  }
}
