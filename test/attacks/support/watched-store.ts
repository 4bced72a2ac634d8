import { MemorySessionStore, type SessionStore } from '../../../lib/index.js';

type Verb = 'create' | 'get' | 'update' | 'delete' | 'list';

const VERBS: readonly Verb[] = ['create', 'get', 'update', 'delete', 'list'];

/** A store that counts how often each verb was used, and lets a test come before and after any of them. */
export interface WatchedStore extends SessionStore {
  readonly count: Record<Verb, number>;
  /** What happens before a verb is done, or between that and its answer: a wait, or a throw. */
  readonly before: Map<Verb, () => unknown>;
  readonly after: Map<Verb, () => unknown>;
}

export function watchedStore(inner: SessionStore = new MemorySessionStore()): WatchedStore {
  const count: Record<Verb, number> = { create: 0, get: 0, update: 0, delete: 0, list: 0 };
  const before = new Map<Verb, () => unknown>();
  const after = new Map<Verb, () => unknown>();
  const verbs = VERBS.map((verb) => [
    verb,
    async (...args: unknown[]) => {
      count[verb] += 1;
      await before.get(verb)?.();
      const answer = await (inner[verb] as (...all: unknown[]) => unknown)(...args);
      await after.get(verb)?.();
      return answer;
    },
  ]);
  return { ...(Object.fromEntries(verbs) as unknown as SessionStore), count, before, after };
}
