import { EventEmitter } from 'node:events';

import { redisSessionStore } from '../../lib/redis/index.js';
import { Namespace } from '../../lib/redis/session-namespace.js';
import { storedFields } from '../../lib/redis/session-record.js';
import { DELETE, DISCARD, UPDATE } from '../../lib/redis/session-scripts/change.js';
import { CREATE, UNDO } from '../../lib/redis/session-scripts/create.js';
import { GET, LIST, LIST_MORE, OVERDUE, REMAINING } from '../../lib/redis/session-scripts/find.js';
import type { SessionRecord } from '../../lib/types.js';
import { fakeClient } from '../support/redis-clients.js';

const SECRET = 'a secret of at least thirty-two characters';
const OLDER = 'an older secret of thirty-two characters';
export const SPACES = [new Namespace(SECRET), new Namespace(OLDER)] as const;
const STEPS = Object.entries({
  ...{ CREATE, UNDO, DELETE, DISCARD, UPDATE, GET, LIST, LIST_MORE, OVERDUE, REMAINING },
});
/** For an answer that does not come. */
export const NOTHING = new Error('no answer');

/** What a store asks of Redis. */
export interface Asked {
  readonly step: string | undefined;
  readonly base: string | undefined;
  readonly input: Record<string, unknown>;
}

/** A store over what answers each step as it is told to, or fails. */
export function openTold(answer: (step: string, asked: readonly Asked[]) => unknown) {
  const asked: Asked[] = [];
  const subscriber = new EventEmitter();
  const client = {
    ...fakeClient(async (_command, ...[sha, , base, input = '']) => {
      const step = STEPS.find(([, script]) => script.sha === sha)?.[0];
      asked.push({ step, base, input: JSON.parse(input) });
      const reply = await answer(String(step), asked);
      if (reply === NOTHING) throw reply;
      return reply;
    }),
    status: 'ready',
    duplicate: () => Object.assign(subscriber, { subscribe: async () => {}, disconnect: () => {} }),
  };
  const store = redisSessionStore({ client, secret: [SECRET, OLDER], prefix: 'app', timeoutMs: 1000 });
  return { client, store, asked, subscriber };
}

export const namedUnder = (id: string) =>
  SPACES.map((space) => ({ ns: space.name, hash: space.hash('session', id) }));

export function record(id: string, subject = 'ada'): SessionRecord {
  return {
    ...{ id, principal: { subject }, initialize: { a: 1 } },
    ...{ createdAt: 1, lastSeenAt: 2, expiresAt: 3 },
  };
}

/** What a step answers of a record. */
export function told(one: SessionRecord, space: Namespace = SPACES[0]): unknown[] {
  const hash = space.hash('session', one.id);
  const fields = storedFields(space, hash, one);
  const names = ['id', 'principal', 'initialize', 'createdAt', 'lastSeenAt', 'expiresAt', 'busyUntil'];
  return [space.name, hash, ...names.map((name) => fields[name] ?? null)];
}
