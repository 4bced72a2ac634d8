import { AsyncLocalStorage } from 'node:async_hooks';

import type { Principal } from '../types.js';

const context = new AsyncLocalStorage<Principal>();

/** The caller's principal, anywhere below a tool call or `createServer`; `undefined` elsewhere. */
export function currentPrincipal(): Principal | undefined {
  return context.getStore();
}

/** Runs `work`, and all it starts, as `principal`. */
export function runAs<T>(principal: Principal, work: () => T): T {
  return context.run(principal, work);
}
