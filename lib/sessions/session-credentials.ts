import type { ForwardedCredentials } from '../types.js';
import type { EndSignal } from './end-signal.js';
import { currentCaller } from './principal-context.js';

/**
 * What a session's server presents upstream: what the request that runs now brought, so that a rotated key is used at
 * once; `initial`, what the session began with, only outside of any request. Nothing of it is left after `end`.
 */
export function sessionCredentials(
  initial: ForwardedCredentials | undefined,
  end: EndSignal,
): ForwardedCredentials {
  let outside = end.aborted ? undefined : initial;
  const forget = (): void => {
    outside = undefined;
  };
  if (outside) end.onAbort(forget);
  return facade(
    () => {
      if (end.aborted) return undefined;
      const caller = currentCaller();
      return caller ? caller.forwarded : outside;
    },
    () =>
      end.aborted ? 'the session is over' : 'the request brought no headers for mcpForwardedCredentials',
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
