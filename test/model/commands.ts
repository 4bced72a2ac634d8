import fc from 'fast-check';

import type { Faults } from './faulty-stores.js';
import type { Call, Model, Promised, Verb } from './model.js';
import { ADDRESSES, CREDENTIALS, type Credential, SUBJECTS } from './people.js';
import type { Place } from './place.js';
import { codeOf, requestText, whomOf } from './requests.js';
import { checkAlways, must, settled } from './rules.js';
import type { VirtualTime } from './virtual-time.js';
import type { Exchange } from './wire.js';

/** The guards, their time, and the streams that clients hold. */
export interface Real {
  readonly place: Place;
  readonly time: VirtualTime;
  readonly streams: Map<string, Exchange>;
}

export type Command = fc.AsyncCommand<Model, Real>;

/** Does something to both, and then sees that everything holds that always must. */
function command(title: string, act: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await act(model, real);
      await settled();
      checkAlways(model, real, title);
    },
    toString: () => title,
  };
}

type Which = 'none' | 'malformed' | number;

/** The session that is meant: of those that ever were, the n-th from the last. */
const idOf = (model: Model, which: Which): string | undefined => {
  if (which === 'none' || which === 'malformed') return which === 'none' ? undefined : which;
  const { all } = model.sessions;
  return all.length === 0 ? undefined : all[all.length - 1 - (which % all.length)]?.id;
};

function call(credential: Credential, address: string, verb: Verb, which: Which): Command {
  return command(`${credential.name} from ${address}: ${verb} in session ${which}`, async (model, real) => {
    const { place, streams } = real;
    const asked: Call = { credential, address, verb, session: idOf(model, which) };
    const kept = place.records.list({ subject: credential.subject ?? '' });
    const promised = model.promised(asked);
    const isFree = kept.some(
      ({ id }) =>
        id !== asked.session &&
        !model.sessions.all.some((one) => one.id === id && model.sessions.isBusy(one)),
    );
    const exchange = place.send(address, requestText(verb, credential, asked.session));
    const head = await exchange.opened;
    if (verb === 'initialize' && promised.status === 200 && kept.length >= 2 && !isFree) {
      const { status } = head;
      must(status === 503, `a session beyond the limit: ${status}`);
      return;
    }
    await compare(promised, exchange, verb);
    if (promised.status !== 200) return;
    if (verb === 'GET') streams.set(asked.session ?? '', exchange);
    if (verb !== 'initialize') return;
    const id = head.headers.get('mcp-session-id') ?? '';
    must(!model.sessions.all.some((one) => one.id === id), 'a session id came twice');
    for (const { id: old, reason } of place.ended) {
      const victim = model.sessions.live(old);
      if (!victim || reason !== 'evicted') continue;
      must(
        victim.owner === credential.subject && !model.sessions.isBusy(victim) && old !== asked.session,
        'the wrong session made room',
      );
      model.sessions.end(victim);
    }
    model.sessions.begin(id, credential.subject ?? '', credential.name, model.now);
  });
}

async function compare(promised: Promised, exchange: Exchange, verb: Verb): Promise<void> {
  const head = await exchange.opened;
  const isStream = verb === 'GET' && head.status === 200;
  const answer = isStream ? { ...head, text: '' } : await exchange.closed;
  const code = answer.status >= 400 && promised.code !== undefined ? codeOf(answer) : undefined;
  const whom = verb === 'whoami' && answer.status === 200 ? whomOf(answer) : undefined;
  must(
    answer.status === promised.status && code === promised.code,
    `${answer.status} ${code} instead of ${promised.status} ${promised.code}`,
  );
  if (verb === 'whoami') must(whom === promised.whom, `it ran as ${whom} instead of ${promised.whom}`);
}

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
