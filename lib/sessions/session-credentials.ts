import type { ForwardedCredentials } from '../types.js';
import { currentCaller } from './principal-context.js';

/** For whom no request has brought anything yet: what the request that runs now brought. */
const OF_THE_REQUEST: ForwardedCredentials = facade(
  () => currentCaller()?.forwarded,
  () => 'the request brought no headers for mcpForwardedCredentials',
);

/**
 * What a session's server presents upstream: what the request that runs now brought, so that a rotated key is used at
 * once; `initial`, what the session began with, only outside of any request. Nothing of it is left once `signal` is aborted.
 */
export function sessionCredentials(
  initial: ForwardedCredentials | undefined,
  signal: AbortSignal,
): ForwardedCredentials {
  if (!initial) return OF_THE_REQUEST;
  let outside = signal.aborted ? undefined : initial;
  signal.addEventListener(
    'abort',
    () => {
      outside = undefined;
    },
    { once: true },
  );
  return facade(
    () => {
      if (signal.aborted) return undefined;
      const caller = currentCaller();
      return caller ? caller.forwarded : outside;
    },
    () =>
      signal.aborted ? 'the session is over' : 'the request brought no headers for mcpForwardedCredentials',
  );
}

function facade(held: () => ForwardedCredentials | undefined, reason: () => string): ForwardedCredentials {
  return Object.freeze({
    async fetch(url: string | URL, init?: RequestInit) {
      const now = held();
      if (!now) throw new TypeError(`credentials.fetch: ${reason()}`);
      return now.fetch(url, init);
    },
    get: (name: string) => held()?.get(name),
  });
}
