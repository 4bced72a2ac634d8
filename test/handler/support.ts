import { EventEmitter } from 'node:events';

import type { Request, Response } from 'express';

import type { GuardNews } from '../../lib/events.js';
import type { ConnectableServer, SdkTransport, SdkTransportClass } from '../../lib/handler/sdk.js';
import type { ServeContext } from '../../lib/handler/serve-context.js';
import { type RequestState, requestState } from '../../lib/request-state.js';
import type { Principal } from '../../lib/types.js';

export interface Making {
  /** What the server of a session is asked for. */
  readonly makeServer?: ServeContext['makeServer'];
  /** What the SDK's transport answers. */
  readonly handle?: (message: unknown) => globalThis.Response | Promise<globalThis.Response>;
  readonly connect?: () => Promise<void>;
}

export interface FakeContext {
  readonly context: ServeContext;
  readonly log: unknown[];
  readonly closed: AbortController;
  /** What the SDK's transport has been told, in order. */
  readonly said: unknown[];
  transport(): SdkTransport;
}

/** What a handler has made at its creation, whose servers do nothing, and all that is told and reported. */
export function fakeContext({ makeServer, handle, connect }: Making = {}): FakeContext {
  const log: unknown[] = [];
  const said: unknown[] = [];
  const closed = new AbortController();
  let made: SdkTransport | undefined;
  class Transport {
    async send(): Promise<void> {}

    async handleRequest(_request: unknown, { parsedBody }: { parsedBody: unknown }): Promise<unknown> {
      said.push(parsedBody);
      return handle ? handle(parsedBody) : new globalThis.Response(null, { status: 202 });
    }
  }
  const server: ConnectableServer = {
    async connect(transport) {
      made = transport as SdkTransport;
      await connect?.();
    },
    async close() {
      log.push('server closed');
    },
  };
  const context = {
    makeServer: makeServer ?? (() => server),
    createTimeoutMs: 4321,
    report: (failure: string, what: string, error: unknown) =>
      log.push(['report', failure, what, String(error)]),
    tellEndError: () => {},
    publish: (news: GuardNews) => log.push(news),
    endings: new Set(),
    closed: closed.signal,
    transport: {
      transportClass: () => Transport as unknown as SdkTransportClass,
      enableJsonResponse: false,
      eventStore: undefined,
      keepAliveMs: undefined,
    },
    transports: new WeakMap(),
    rebuilding: new WeakMap(),
    failover: true,
  } as unknown as ServeContext;
  return {
    context,
    log,
    closed,
    said,
    transport: () => made as SdkTransport,
  };
}

/** A request of `principal`, mounted at `/mcp`, which nobody sent. */
export function fakeRequest(principal: Principal): {
  readonly request: Request;
  readonly state: RequestState;
} {
  const request = {
    ...{ method: 'POST', originalUrl: '/mcp', baseUrl: '/mcp', url: '/' },
    ...{ headers: {}, rawHeaders: [], socket: {}, get: () => 'localhost' },
  } as unknown as Request;
  const state = requestState(request);
  state.principal = principal;
  return { request, state };
}

const textOf = (chunk: unknown): string =>
  chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk);

export interface FakeResponse {
  readonly response: Response;
  /** All that was written. */
  readonly text: () => string;
  /** Its client goes away. */
  leave(): void;
}

export function fakeResponse(): FakeResponse {
  const socket = Object.assign(new EventEmitter(), { destroyed: false });
  let text = '';
  const response = Object.assign(new EventEmitter(), {
    ...{ destroyed: false, headersSent: false, writableEnded: false, writableFinished: false },
    req: { socket },
    statusCode: 200,
    setHeader: () => response,
    writeHead() {
      response.headersSent = true;
      return response;
    },
    flushHeaders: () => {},
    write(chunk: unknown) {
      response.headersSent = true;
      text += textOf(chunk);
      return true;
    },
    end(chunk: unknown = '') {
      text += textOf(chunk);
      response.writableEnded = true;
      response.emit('close');
      return response;
    },
    destroy: () => {},
  });
  return {
    response: response as unknown as Response,
    text: () => text,
    leave() {
      response.destroyed = true;
      response.emit('close');
    },
  };
}
