import fc from 'fast-check';

import { type Command, call, command, idOf, type Which } from './commands.js';
import type { Faults } from './faulty-stores.js';
import { ADDRESSES, CREDENTIALS, SUBJECTS } from './people.js';
import type { Verb } from './promised.js';
import { must, settled } from './rules.js';

const pass = (ms: number): Command =>
  command(`${ms} ms pass`, async (model, { time }) => {
    await time.advance(ms, settled);
    const from = model.now;
    model.now = time.now;
    model.sessions.pass(from, time.now, model.faults.verifier, (subject) => !model.inactive.has(subject));
  });

const revoke = (by: string | number): Command =>
  command(`revoke ${typeof by === 'string' ? by : `session ${by}`}`, async (model, { place }) => {
    const id = typeof by === 'number' ? idOf(model, by) : undefined;
    if (typeof by === 'number' && id === undefined) return;
    const subject =
      typeof by === 'string' ? by : (model.sessions.all.find((one) => one.id === id)?.owner ?? '');
    const isKnown =
      typeof by === 'string' ||
      model.sessions.live(id) !== undefined ||
      place.records.get(id ?? '') !== undefined;
    const outcome = await place.sessions
      .revoke(id === undefined ? { subject } : { sessionId: id })
      .catch(() => 'failed');
    must((outcome === 'failed') === model.faults.store, `revoke: ${outcome}`);
    if (isKnown && (id === undefined || !model.faults.store || model.sessions.live(id)))
      model.forget(subject, CREDENTIALS);
    if (id === undefined) model.sessions.endOwned(subject);
    const session = model.sessions.live(id);
    if (session) model.sessions.end(session);
  });

const enable = (subject: string, isActive: boolean): Command =>
  command(`${subject} is ${isActive ? 'enabled' : 'disabled'}`, async (model, { place }) => {
    place.active.set(subject, isActive);
    model.inactive[isActive ? 'delete' : 'add'](subject);
  });

const fault = (what: keyof Faults, isDown: boolean): Command =>
  command(`the ${what} is ${isDown ? 'down' : 'up'}`, async (model, { place }) => {
    place.faults[what] = isDown;
    model.faults[what] = isDown;
  });

const hangUp = (which: number): Command =>
  command(`the stream of session ${which} is left`, async (model, { streams }) => {
    const id = idOf(model, which);
    streams.get(id ?? '')?.leave();
    const session = model.sessions.live(id);
    if (session) model.sessions.hangUp(session, model.now);
  });

const whichSession = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Which>('none') },
  { weight: 1, arbitrary: fc.constant<Which>('malformed') },
  { weight: 8, arbitrary: fc.nat(3) },
);
const credentials = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...CREDENTIALS.filter(({ isRight }) => isRight)) },
  { weight: 1, arbitrary: fc.constantFrom(...CREDENTIALS) },
);
const calls = fc
  .tuple(
    credentials,
    fc.constantFrom(...ADDRESSES),
    fc.constantFrom<Verb>('initialize', 'whoami', 'whoami', 'GET', 'DELETE'),
    whichSession,
  )
  .map((parts) => call(...parts));

/** Everything that can happen, calls most of all. Time passes in quarters of a second. */
export const anything: fc.Arbitrary<Command> = fc.oneof(
  { weight: 14, arbitrary: calls },
  { weight: 2, arbitrary: fc.constantFrom(250, 1000, 10_000, 29_750, 30_000, 61_000, 100_000).map(pass) },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...SUBJECTS), fc.nat(3)).map(revoke) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...SUBJECTS), fc.boolean()).map((parts) => enable(...parts)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom<keyof Faults>('verifier', 'store', 'limiter'), fc.boolean())
      .map((parts) => fault(...parts)),
  },
  { weight: 1, arbitrary: fc.nat(3).map(hangUp) },
);
