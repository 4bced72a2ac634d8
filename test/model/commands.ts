import type fc from 'fast-check';

import type { Model } from './model.js';
import type { Credential } from './people.js';
import type { Place } from './place.js';
import type { Call, Promised, Verb } from './promised.js';
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
export function command(title: string, act: (model: Model, real: Real) => Promise<void>): Command {
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

export type Which = 'none' | 'malformed' | number;

/** The session that is meant: of those that ever were, the n-th from the last. */
export const idOf = (model: Model, which: Which): string | undefined => {
  if (which === 'none' || which === 'malformed') return which === 'none' ? undefined : which;
  const { all } = model.sessions;
  return all.length === 0 ? undefined : all[all.length - 1 - (which % all.length)]?.id;
};

/** One call, in the session that is meant, and what it is answered. */
export function call(credential: Credential, address: string, verb: Verb, which: Which): Command {
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
      const code = codeOf(await exchange.closed);
      must(
        head.status === 503 && code === 'session_limit',
        `a session beyond the limit: ${head.status} ${code}`,
      );
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
