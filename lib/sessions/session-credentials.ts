import type { ForwardedCredentials } from '../types.js';
import { currentCaller } from './principal-context.js';

/**
 * What a session's server presents upstream: what the request that runs now brought, so that a rotated key is used at
 * once; `initial`, what the session began with, only outside of any request. Nothing of it is left once `signal` is aborted.
 */
export function sessionCredentials(
  initial: ForwardedCredentials | undefined,
  signal: AbortSignal,
): ForwardedCredentials {
  let outside = signal.aborted ? undefined : initial;
  signal.addEventListener(
    'abort',
    () => {
      outside = undefined;
    },
    { once: true },
  );
  const held = (): ForwardedCredentials | undefined => {
    if (signal.aborted) return undefined;
    const caller = currentCaller();
    return caller ? caller.forwarded : outside;
  };
  return Object.freeze({
    async fetch(url: string | URL, init?: RequestInit) {
      const now = held();
      if (now) return now.fetch(url, init);
      throw new TypeError(
        signal.aborted
          ? 'credentials.fetch: the session is over'
          : 'credentials.fetch: the request brought no headers for mcpForwardedCredentials',
      );
    },
    get: (name: string) => held()?.get(name),
  });
}
