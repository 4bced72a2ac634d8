import fc from 'fast-check';

import type { Faults } from './faulty-stores.js';
import { ADDRESSES, CREDENTIALS, SUBJECTS } from './people.js';
import { Place } from './place.js';
import type { Verb } from './promised.js';
import { Race } from './race.js';
import { checkEnd, must, settled } from './rules.js';
import { parametersOf, type RunOptions } from './run.js';
import { type VirtualTime, virtualTime } from './virtual-time.js';

type Step =
  | {
      readonly what: 'call';
      readonly credential: number;
      readonly address: number;
      readonly verb: Verb;
      readonly session: number | undefined;
    }
  | { readonly what: 'let through'; readonly count: number }
  | { readonly what: 'revoke'; readonly subject: string }
  | { readonly what: 'enable'; readonly subject: string; readonly isActive: boolean }
  | { readonly what: 'fault'; readonly of: keyof Faults; readonly isDown: boolean }
  | { readonly what: 'pass'; readonly ms: number };

const call = fc.record({
  what: fc.constant('call' as const),
  credential: fc.nat(CREDENTIALS.length - 1),
  address: fc.nat(ADDRESSES.length - 1),
  verb: fc.constantFrom<Verb>('initialize', 'whoami', 'whoami', 'GET', 'DELETE'),
  session: fc.option(fc.nat(5), { nil: undefined, freq: 3 }),
});
/** Time passes, but less than a window and than any patience in all. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: call },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('let through' as const),
      count: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('revoke' as const), subject: fc.constantFrom(...SUBJECTS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('enable' as const),
      subject: fc.constantFrom(...SUBJECTS),
      isActive: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('fault' as const),
      of: fc.constantFrom<keyof Faults>('verifier', 'store', 'limiter'),
      isDown: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.constantFrom(50, 100) }) },
);

const MAX_ROUNDS = 200;

async function letThrough(scheduler: fc.Scheduler, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await settled();
    if (scheduler.count() === 0) return;
    await scheduler.waitNext(1);
  }
}

async function take(each: Step, race: Race, scheduler: fc.Scheduler, time: VirtualTime): Promise<void> {
  const { place, owners } = race;
  if (each.what === 'call') {
    const { credential, address, verb, session } = each;
    const ids = [...owners.keys()];
    const asked = { credential: CREDENTIALS[credential], address: ADDRESSES[address] };
    if (!asked.credential || !asked.address) throw new RangeError('nobody');
    race.call({
      credential: asked.credential,
      address: asked.address,
      verb,
      session: session === undefined ? undefined : ids.at(-1 - (session % (ids.length || 1))),
    });
  } else if (each.what === 'let through') await letThrough(scheduler, each.count);
  else if (each.what === 'revoke') race.revoke(each.subject);
  else if (each.what === 'enable') race.enable(each.subject, each.isActive);
  else if (each.what === 'fault') place.fault(each.of, each.isDown);
  else await time.advance(each.ms, settled);
}

/** Lets everything through until every call is answered; who waits for a turn of the limiter asks again after a while. */
async function drain(race: Race, scheduler: fc.Scheduler, time: VirtualTime): Promise<void> {
  const drained = race.underWay.then(() => true);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if ((await Promise.race([drained, letThrough(scheduler, 50)])) === true) return;
    if (scheduler.count() === 0) await time.advance(100, settled);
  }
  throw new Error(`never answered: ${[...race.waiting].join()}`);
}

async function raceThrough(
  race: Race,
  steps: readonly Step[],
  scheduler: fc.Scheduler,
  time: VirtualTime,
): Promise<void> {
  const { place } = race;
  for (const each of steps) {
    await take(each, race, scheduler, time);
    race.check();
  }
  await drain(race, scheduler, time);
  // Nobody waits until a session has vouched for its client.
  while (scheduler.count() > 0) await letThrough(scheduler, 50);
  race.check();
  race.checkGuesses();
  must(place.logins.open.size === 0 && place.running === 0, 'points or verifications are held');
  for (const what of ['verifier', 'store', 'limiter'] as const) place.faults[what] = false;
  await scheduler.waitFor(place.close());
  await settled();
  checkEnd({ place, time, streams: new Map(race.streams.map((stream, n) => [String(n), stream])) });
  must(place.hasFailed || place.records.list({}).length === 0, 'a record is left');
}

/** Calls, revocations and faults that run into each other; what is slow answers in any order. */
export function allAtOnce(options: RunOptions): Promise<fc.RunDetails<unknown>> {
  const { sabotage, length = 60, onRun } = options;
  const steps = fc.array(step, { maxLength: length, size: 'max' });
  const property = fc.asyncProperty(fc.scheduler(), steps, async (scheduler, some) => {
    onRun?.();
    using time = virtualTime();
    const turn = async <T>(what: string, answer: () => T): Promise<T> => {
      await scheduler.schedule(Promise.resolve(), what);
      return answer();
    };
    const place = new Place(time.now, turn, sabotage);
    await place.ready;
    try {
      await raceThrough(new Race(place), some, scheduler, time);
    } finally {
      place.deafen();
    }
  });
  return fc.check(property, parametersOf(options)) as Promise<fc.RunDetails<unknown>>;
}
