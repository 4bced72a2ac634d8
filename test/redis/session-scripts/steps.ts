import type { Redis } from 'ioredis';

import type { Script } from '../../../lib/redis/script.js';
import { needsRedis } from '../../support/redis.js';
import { ownPrefix } from '../../support/redis-clients.js';
import { type Control, openControl } from '../../support/redis-control.js';

export const HOUR_MS = 3_600_000;
export const MEMORY_MS = 600_000;

/** How a script asks what time it is. */
const ASKED = "redis.call('TIME')";

/** Single steps in Redis, at a time of the test's own, which is ten minutes ahead of the real one and stands still. */
export interface Steps {
  readonly redis: Redis;
  /** Milliseconds since 1970; a whole number of seconds and 123 ms. */
  readonly now: number;
  /** What a script answers to its input, or to its arguments. */
  run(script: Script, input: object | readonly string[]): Promise<unknown>;
  /** A key under the base of all. */
  key(...parts: readonly string[]): string;
  /** How long a key is kept, in milliseconds from `now`. */
  left(...parts: readonly string[]): Promise<number>;
}

/** For the suite that it is called in; skips where there is no Redis. */
export function useSteps(): Steps {
  let control: Control | undefined;
  let prefix = '';
  let now = 0;
  const redis = (): Redis => {
    if (!control) throw new Error('not open');
    return control.redis;
  };
  before(async function () {
    await needsRedis(this);
    control = await openControl();
  });
  beforeEach(() => {
    prefix = ownPrefix();
    // Far enough ahead that nothing ends by itself meanwhile, however slow the machine is.
    now = Math.ceil(Date.now() / 1000) * 1000 + 600_123;
  });
  afterEach(() => control?.remove(prefix));
  after(() => control?.[Symbol.dispose]());
  const key = (...parts: readonly string[]): string => [`${prefix}:{base}`, ...parts].join(':');
  return {
    get redis() {
      return redis();
    },
    get now() {
      return now;
    },
    key,
    run(script, input) {
      const parts = script.source.split(ASKED);
      if (parts.length > 2) throw new Error('a script asks for the time once');
      // Nearly a millisecond more, which does not count.
      const source = parts.join(`{'${Math.floor(now / 1000)}', '123999'}`);
      const args = Array.isArray(input) ? input : [JSON.stringify(input)];
      return redis().eval(source, 1, key(), ...args);
    },
    async left(...parts) {
      const real = Date.now();
      return real + (await redis().pttl(key(...parts))) - now;
    },
  };
}

/** Fields of a record, as the steps are told them. */
export function fieldsOf(steps: Steps, changes: Readonly<Record<string, number | string>> = {}) {
  const { now } = steps;
  const fields = {
    ...{ id: 'sealed id', principal: 'sealed principal', initialize: 'sealed message' },
    ...{ owner: 'ada', subject: 'ada' },
    ...{ createdAt: now - 5, lastSeenAt: now - 5, expiresAt: now + HOUR_MS },
    ...changes,
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
}

/** What a step answers of a record with these fields. */
export function readAs(hash: string, fields: Readonly<Record<string, string>>, ns = 'n'): unknown[] {
  const names = ['id', 'principal', 'initialize', 'createdAt', 'lastSeenAt', 'expiresAt', 'busyUntil'];
  return [ns, hash, ...names.map((name) => fields[name] ?? null)];
}

/** Puts a record into Redis as it is, into no index, for an hour. */
export async function keepRecord(
  { redis, key }: Steps,
  hash: string,
  fields: Readonly<Record<string, string>>,
  ns = 'n',
): Promise<void> {
  await redis.hset(key(ns, 'session', hash), fields);
  await redis.pexpire(key(ns, 'session', hash), HOUR_MS);
}

/** What a creation is told: no limit, and one secret, unless told otherwise. */
export function createInput({
  hash,
  fields,
  ...changes
}: {
  readonly hash: string;
  readonly fields: Readonly<Record<string, string>>;
} & Readonly<Record<string, unknown>>): object {
  return {
    spaces: [{ ns: 'n', hash, owner: fields.owner }],
    ...{ fields, token: 'token', busy: [], origin: 'o', channel: 'c' },
    limits: { total: 1000, own: 1000, evicts: false },
    ...changes,
  };
}
