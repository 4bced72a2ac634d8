import type { Actor } from './actor.js';
import { isOk, type Reply } from './wire/reply.js';

/** The sessions that an audit has begun and must not leave behind. */
export interface Sessions {
  began(id: string, by: Actor): void;
  /** Ends all that are open; never rejects. */
  readonly end: () => Promise<void>;
  /** How many could not be ended. */
  readonly left: number;
  /** All that were ever begun. */
  readonly ids: ReadonlySet<string>;
}

export function sessionsOf(remove: (as: Actor, id: string) => Promise<Reply>): Sessions {
  const open = new Map<string, Actor>();
  const ids = new Set<string>();
  let left = 0;
  return {
    ids,
    get left() {
      return left;
    },
    began(id, by) {
      open.set(id, by);
      ids.add(id);
    },
    async end() {
      for (const [id, by] of open) {
        open.delete(id);
        const reply = await remove(by, id).catch(() => undefined);
        // 404: a check has ended it.
        if (!reply || !(isOk(reply) || reply.status === 404)) left += 1;
      }
    },
  };
}
