import { isTransportHeader } from '../http/forwarding.js';

export interface HeldHeaders {
  /** Every header that is taken from clients, lower case, whether this one brought it or not. */
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  /** Where they may go. */
  readonly origins: ReadonlySet<string>;
}

const MAX_REDIRECTS = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Fetch standard, HTTP-redirect fetch: what describes a body goes with it. */
const OF_THE_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type'] as const;
/** Fetch standard: what is meant for one origin does not follow a redirect to another. */
const OF_THE_ORIGIN = ['authorization', 'cookie'] as const;

/** What is inherited would be read in part: all of it counts, or nothing does. */
function isPlain(init: object | null): boolean {
  if (init === null) return false;
  const prototype: unknown = Object.getPrototypeOf(init);
  return prototype === Object.prototype || prototype === null;
}

/**
 * `fetch` with the held headers, to their upstream alone. Redirects are followed here and not by the global `fetch`,
 * which would take the headers along to wherever they lead.
 */
export async function fetchUpstream(
  held: HeldHeaders,
  url: string | URL,
  init: RequestInit = {},
): Promise<Response> {
  if (!isPlain(init)) throw refusal('init must be a plain object');
  const { headers: own, redirect = 'follow', ...request } = init;
  let target = upstreamUrl(held, url);
  const headers = headersFor(held, own);
  for (let followed = 0; ; followed += 1) {
    const response = await send(target, { ...request, headers, redirect: 'manual' });
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (location === null || redirect === 'manual') return response;
    await response.body?.cancel();
    if (redirect === 'error') throw refusal('the upstream redirects');
    if (followed === MAX_REDIRECTS) throw refusal('the upstream redirects too often');
    const next = upstreamUrl(held, location, target);
    const isGet = becomesGet(response.status, request.method);
    if (!isGet && !isReplayable(request.body)) {
      throw refusal('the upstream redirects a request whose body cannot be sent again');
    }
    if (isGet) {
      request.method = 'GET';
      delete request.body;
      for (const name of OF_THE_BODY) headers.delete(name);
    }
    if (next.origin !== target.origin) {
      for (const name of OF_THE_ORIGIN) headers.delete(name);
      addHeld(headers, held);
    }
    target = next;
  }
  /* c8 ignore next -- the loop has no end of its own */
}

function refusal(text: string): TypeError {
  return new TypeError(`credentials.fetch: ${text}`);
}

/** The text comes to no error: what is secret in a URL is the tool's. */
function upstreamUrl({ origins }: HeldHeaders, url: unknown, base?: URL): URL {
  if (typeof url !== 'string' && !(url instanceof URL)) throw refusal('url must be a string or a URL');
  if (origins.size === 0)
    throw refusal('mcpForwardedCredentials has no option "upstream", so nothing goes anywhere');
  const text = String(url);
  if (!URL.canParse(text, base?.href))
    throw refusal(base ? 'the upstream redirects to no URL' : 'url is not absolute');
  const parsed = new URL(text, base);
  const { protocol, origin, username, password } = parsed;
  if (username !== '' || password !== '') throw refusal('a URL must not hold a user name or password');
  // A blob: URL has the origin of what made it.
  if (!origins.has(origin) || !/^https?:$/.test(protocol)) {
    throw refusal(`${base ? 'the upstream redirects to' : 'url is on'} an origin that is not in "upstream"`);
  }
  return parsed;
}

function headersFor(held: HeldHeaders, own: RequestInit['headers']): Headers {
  const headers = new Headers(own);
  for (const name of headers.keys()) {
    if (isTransportHeader(name)) throw refusal(`init.headers must not hold "${name}"`);
  }
  return addHeld(headers, held);
}

/** The client's headers, exactly: what it left out is not for a tool to add. */
function addHeld(headers: Headers, { names, values }: HeldHeaders): Headers {
  for (const name of names) headers.delete(name);
  for (const [name, value] of values) headers.set(name, value);
  return headers;
}

async function send(target: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(target, init);
  } catch (error) {
    const cause = (error as { cause?: unknown } | null)?.cause;
    // The bytes of an answer that could not be parsed: an upstream may have sent the headers back in them.
    if (typeof cause === 'object' && cause !== null) Reflect.deleteProperty(cause, 'data');
    throw error;
  }
}

function becomesGet(status: number, method = 'GET'): boolean {
  const name = method.toUpperCase();
  if (status === 303) return name !== 'GET' && name !== 'HEAD';
  return (status === 301 || status === 302) && name === 'POST';
}

function isReplayable(body: RequestInit['body']): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}
