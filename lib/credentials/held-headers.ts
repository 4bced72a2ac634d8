import type { ForwardedCredentials } from '../types.js';
import { fetchUpstream, type HeldHeaders } from './fetch-upstream.js';

/** The headers of one request. In closures: nothing that looks at an object, not even for what is hidden, finds them. */
export function holdHeaders(held: HeldHeaders): ForwardedCredentials {
  return Object.freeze({
    fetch: (url: string | URL, init?: RequestInit) => fetchUpstream(held, url, init),
    get: (name: string) => held.values.get(name.toLowerCase()),
  });
}
