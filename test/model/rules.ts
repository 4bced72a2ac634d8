import type { Real } from './commands.js';
import type { Model } from './model.js';

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Lets everything that is ready run, and what follows from it. Nothing here waits for a kernel. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What holds at any time, whatever happened: `after` says what happened last. */
export function checkAlways(model: Model, { place, streams }: Real, after: string): void {
  must(place.leaked.length === 0, `a secret in ${JSON.stringify(place.leaked[0])}, after ${after}`);
  must(
    place.running === 0 && place.logins.open.size === 0,
    `points or verifications are held, after ${after}`,
  );
  const ended = place.ended.map(({ id }) => id);
  must(new Set(ended).size === ended.length, `a login was undone twice, after ${after}`);
  must(
    ended.every((id) => place.started.includes(id)),
    `what never began was undone, after ${after}`,
  );
  must(
    place.started.length === model.sessions.all.length,
    `${place.started.length} logins for ${model.sessions.all.length} sessions, after ${after}`,
  );
  for (const { id, isOver, stream } of model.sessions.all) {
    must(
      ended.includes(id) === isOver,
      `a session is ${isOver ? 'over, and its login is not undone' : 'alive, and its login is undone'}, after ${after}`,
    );
    const open = streams.get(id);
    if (stream && open)
      must(
        open.isClosed === stream.isClosed,
        `a stream is ${open.isClosed ? 'closed' : 'open'}, after ${after}`,
      );
  }
}

/** What holds when everything has been ended. */
export function checkEnd({ place, time, streams }: Real): void {
  must(
    [...streams.values()].every(({ isClosed }) => isClosed),
    'a stream outlived everything',
  );
  const undone = new Set(place.ended.map(({ id }) => id));
  must(
    place.started.every((id) => undone.has(id)) && undone.size === place.ended.length,
    'not every login was undone once',
  );
  must(place.leaked.length === 0, `a secret in ${JSON.stringify(place.leaked[0])}`);
  must(place.twice.length === 0, `${place.twice[0]} was verified twice at once`);
  must(time.pending <= place.windows, `${time.pending} timers are left`);
}
