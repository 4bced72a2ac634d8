import type { Request as ExpressRequest } from 'express';

import type { EndSignal } from '../sessions/end-signal.js';

/** Headers that tools never see. */
const HIDDEN: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-mcp-token',
  'mcp-session-id',
]);

/** What the SDK reads itself, although tools do not see it. */
const FOR_THE_SDK = 'mcp-session-id';

/** The headers of a request as the SDK may read them and tools may see them, made of Node's without a copy. */
class VisibleHeaders {
  readonly #headers: ExpressRequest['headers'];
  readonly #hidden: readonly string[];

  constructor(headers: ExpressRequest['headers'], hidden: readonly string[]) {
    this.#headers = headers;
    this.#hidden = hidden;
  }

  get(name: string): string | null {
    const key = name.toLowerCase();
    if (key !== FOR_THE_SDK && this.#hides(key)) return null;
    const value = this.#headers[key];
    return value === undefined ? null : String(value);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  *entries(): IterableIterator<[string, string]> {
    for (const [name, value] of Object.entries(this.#headers)) {
      if (value !== undefined && !this.#hides(name)) yield [name, String(value)];
    }
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  forEach(visit: (value: string, name: string) => void): void {
    for (const [name, value] of this.entries()) visit(value, name);
  }

  #hides(name: string): boolean {
    return HIDDEN.has(name) || this.#hidden.includes(name);
  }
}

/**
 * The request as the SDK's web-standard transport reads it: method, URL and headers. The body goes beside it, parsed.
 */
export function toWebRequest(request: ExpressRequest, hiddenHeaders: readonly string[]): Request {
  return {
    method: request.method,
    url: urlOf(request),
    headers: new VisibleHeaders(request.headers, hiddenHeaders),
  } as unknown as Request;
}

/** A path without a query, which every reader reads alike. */
const PLAIN_PATH = /^\/[\w./-]*$/;
/** Where the last request was for: most are for the same. A scheme and an authority, with which any path is a URL. */
let knownOrigin = '';

function urlOf({ protocol, headers, originalUrl }: ExpressRequest): string {
  const origin = `${protocol}://${headers.host ?? 'localhost'}`;
  const text = origin + originalUrl;
  if (origin === knownOrigin && PLAIN_PATH.test(originalUrl)) return text;
  if (!URL.canParse(text)) return 'http://localhost/';
  const url = new URL(text);
  // A `Host` may hold user information, which no web-standard request can; the id of HTTP+SSE is not for tools.
  const isPlain = url.username === '' && url.password === '' && !url.searchParams.has('sessionId');
  if (isPlain) {
    if (url.origin === origin) knownOrigin = origin;
    return text;
  }
  url.username = '';
  url.password = '';
  url.searchParams.delete('sessionId');
  return url.href;
}

/** The POST of a message that the client sent to another node, for the session `id`. */
export function replayRequest(request: ExpressRequest, id: string): Request {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-session-id': id,
  };
  return { method: 'POST', url: urlOf(request), headers: new Headers(headers) } as unknown as Request;
}

/** A real request whose signal is that of an end; `Request` itself would follow it with a signal of its own. */
class EndingRequest extends Request {
  readonly #end: EndSignal;

  constructor(url: string, init: RequestInit, end: EndSignal) {
    super(url, init);
    this.#end = end;
  }

  static {
    // DOM's types have a property there, which no accessor may override.
    Object.defineProperty(EndingRequest.prototype, 'signal', {
      get(this: EndingRequest) {
        return this.#end.signal;
      },
    });
  }
}

/** A request of `toWebRequest` as tools may have it: a real one, with nothing but what they may see. */
export function toolRequest({ method, url, headers }: Request, end?: EndSignal): Request {
  const init = { method, headers: [...headers] };
  return end ? new EndingRequest(url, init, end) : new Request(url, init);
}
