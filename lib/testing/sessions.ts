import assert from 'node:assert/strict';

import { plainPrincipal } from '../principal.js';
import type { Principal, SessionLimits, SessionRecord, SessionStore } from '../types.js';

/** One thing that a store must do. */
export type Check = readonly [title: string, check: (store: SessionStore) => Promise<void>];

/** How many calls "many at once" are. */
export const MANY = 40;

const HOUR_MS = 3_600_000;
const start = Date.now();

/** A moment within the lives of the sessions here: milliseconds since the epoch. */
export const at = (ms: number): number => start + ms;

/** A moment that no test lives to see, by whichever clock: milliseconds since the epoch. */
export const soon = (): number => Date.now() + HOUR_MS / 2;

/** A moment that is over by whichever clock: milliseconds since the epoch. */
export const past = (): number => Date.now() - HOUR_MS / 2;

export const ada: Principal = { subject: 'ada' };

/** A session of `principal`, last used `lastSeenMs` after the start. */
export function sessionOf(id: string, principal: Principal = ada, lastSeenMs = 0): SessionRecord {
  return {
    id,
    principal,
    createdAt: start,
    lastSeenAt: at(lastSeenMs),
    expiresAt: start + HOUR_MS,
    initialize: { method: 'initialize' },
  };
}

/** Limits that nothing reaches, and what differs from them. */
export function limitsOf(changes: Partial<SessionLimits> = {}): SessionLimits {
  return { maxSessions: 10_000, maxSessionsPerPrincipal: 1000, onLimit: 'refuse', busy: [], ...changes };
}

/** Limits at which a principal's own session makes room. */
export function evicting(maxSessionsPerPrincipal: number, busy: readonly string[] = []): SessionLimits {
  return limitsOf({ maxSessionsPerPrincipal, onLimit: 'evict-idle', busy });
}

/** Creates sessions that the limits allow, one after another. Resolves to the ids that were evicted for them. */
export async function keep(
  store: SessionStore,
  records: readonly SessionRecord[],
  limits: SessionLimits = limitsOf(),
): Promise<string[]> {
  const evicted: string[] = [];
  for (const record of records) {
    const outcome = await store.create(record, limits);
    assert.ok(outcome !== 'limit', `create refused ${record.id} although the limits allow it`);
    evicted.push(...outcome.evicted);
  }
  return evicted;
}

/** A record as plain data, every field read by its name, so that it does not matter what a store makes it of. */
export function plain(record: SessionRecord | undefined): unknown {
  if (record === undefined) return undefined;
  const { id, principal, createdAt, lastSeenAt, expiresAt, initialize, busyUntil } = record;
  return {
    ...{ id, principal: plainPrincipal(principal), createdAt, lastSeenAt, expiresAt, initialize },
    ...(busyUntil !== undefined && { busyUntil }),
  };
}

/** Asserts that the store keeps `record`, and exactly so. */
export async function assertKept(store: SessionStore, record: SessionRecord): Promise<void> {
  assert.deepEqual(plain(await store.get(record.id)), plain(record));
}

/** The ids of all sessions that a store keeps, sorted. */
export async function idsIn(store: SessionStore): Promise<string[]> {
  return (await store.list({})).map(({ id }) => id).sort();
}

/** `count` sessions of one principal, each used a little later than the one before. */
export function series(count: number, prefix: string, principal: Principal = ada): SessionRecord[] {
  return Array.from({ length: count }, (_, i) => sessionOf(`${prefix}-${i}`, principal, i));
}
