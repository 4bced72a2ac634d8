import { setTimeout as wait } from 'node:timers/promises';

import type { Fault } from '../../support/fault-proxy.js';
import type { RedisStand } from './redis-stand.js';

export interface RedisFault {
  readonly name: string;
  /** `outage`: nothing new can be let in. `none`: nobody notices. `loss`: Redis is there and has forgotten all. */
  readonly effect: 'outage' | 'none' | 'loss';
  readonly forMs: number;
  /** Resolves to the way to end it. */
  inject(stand: RedisStand): Promise<() => Promise<void>>;
}

const proxied = (name: string, fault: Fault, effect: 'outage' | 'none' = 'outage'): RedisFault => ({
  name,
  effect,
  forMs: 1000,
  async inject({ proxy }) {
    await proxy.set(fault);
    return () => proxy.clear();
  },
});

const once = (name: string, effect: 'none' | 'loss', ...command: readonly string[]): RedisFault => ({
  name,
  effect,
  forMs: 0,
  async inject({ redis }) {
    await redis.command(...command);
    return async () => {};
  },
});

export const REDIS_FAULTS: readonly RedisFault[] = [
  {
    name: 'killed, and started again later',
    effect: 'outage',
    forMs: 1500,
    async inject({ redis }) {
      await redis.kill();
      return () => redis.start();
    },
  },
  {
    name: 'restarted',
    effect: 'none',
    forMs: 0,
    async inject({ redis, nodes }) {
      await redis.kill();
      await redis.start();
      await Promise.all(nodes.map((node) => wait(1).then(() => node.ready())));
      return async () => {};
    },
  },
  {
    name: 'stopped for 5 seconds',
    effect: 'outage',
    forMs: 5000,
    async inject({ redis }) {
      redis.freeze();
      return async () => redis.thaw();
    },
  },
  {
    name: 'read-only',
    effect: 'outage',
    forMs: 500,
    async inject({ redis }) {
      await redis.makeReadOnly();
      return () => redis.makeWritable();
    },
  },
  once('without its scripts (NOSCRIPT)', 'none', 'SCRIPT', 'FLUSH'),
  once('emptied (FLUSHALL)', 'loss', 'FLUSHALL'),
  proxied('slow, within the time', { kind: 'latency', ms: 60 }, 'none'),
  proxied('too slow', { kind: 'latency', ms: 1500 }),
  proxied('reset, every connection', { kind: 'reset' }),
  proxied('not there', { kind: 'refuse' }),
  proxied('a black hole that lets go', { kind: 'black hole' }),
  proxied('a black hole that delivers late', { kind: 'black hole', afterwards: 'deliver' }),
  proxied('there, but its answers are lost', { kind: 'swallow replies' }),
  proxied('there, but its answers are late', { kind: 'swallow replies', afterwards: 'deliver' }),
  proxied('a trickle', { kind: 'trickle', bytes: 1, everyMs: 60 }),
  proxied('cut in the middle of each answer', { kind: 'cut', afterBytes: 2 }),
];
