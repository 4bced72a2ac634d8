import { AsyncLocalStorage } from 'node:async_hooks';

import type { ForwardedCredentials, Principal } from '../types.js';

/** Whom a request runs as, and what it brought for the upstream. */
interface Caller {
  readonly principal: Principal;
  readonly forwarded: ForwardedCredentials | undefined;
}

const context = new AsyncLocalStorage<Caller>();

/** The caller's principal, anywhere below a tool call or `createServer`; `undefined` elsewhere. */
export function currentPrincipal(): Principal | undefined {
  return context.getStore()?.principal;
}

/** The caller of the request that runs now; `undefined` outside of any. */
export function currentCaller(): Caller | undefined {
  return context.getStore();
}

/** Runs `work`, and all it starts, as `principal`, with what the request brought for the upstream. */
export function runAs<T>(principal: Principal, work: () => T, forwarded?: ForwardedCredentials): T {
  return context.run({ principal, forwarded }, work);
}
