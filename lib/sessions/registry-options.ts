import type { Publish } from '../events.js';
import type { SessionStore } from '../types.js';

export interface SessionRegistryOptions {
  readonly store: SessionStore;
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  readonly maxSessions: number;
  readonly maxSessionsPerPrincipal: number;
  readonly onLimit: 'evict-idle' | 'refuse';
  readonly recheckSeconds: number;
  readonly onStoreDown: 'serve-known' | 'refuse';
  readonly publish: Publish;
}

/** What a registry is made with unless its user says otherwise. */
export const REGISTRY_DEFAULTS: Omit<SessionRegistryOptions, 'store' | 'publish'> = {
  idleSeconds: 1800,
  absoluteSeconds: 43_200,
  maxSessions: 10_000,
  maxSessionsPerPrincipal: 32,
  onLimit: 'evict-idle',
  recheckSeconds: 30,
  onStoreDown: 'serve-known',
};
