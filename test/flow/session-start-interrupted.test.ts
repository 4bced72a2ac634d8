import { expect } from 'chai';

import { call, initialize, type Reply } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { as, type Guarded, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { catchRejections } from '../support/rejections.js';
import { type Trace, trace } from '../support/traced.js';

const STEPS = ['create', 'start', 'update', 'server'] as const;

interface Interrupted extends AsyncDisposable {
  readonly app: Guarded;
  readonly traced: Trace;
  readonly client: AbortController;
  /** Resolves when the server knows that the answer has no reader any more. */
  readonly gone: Promise<void>;
  readonly reply: Promise<Reply | undefined>;
  readonly closed: () => number;
  /** Lets the step that was held go on. */
  goOn(): void;
}

/** Begins a session, and holds it in one step. */
async function heldIn(step: (typeof STEPS)[number]): Promise<Interrupted> {
  const held = gate();
  const hold = (): Promise<void> => held.opened;
  const traced = trace({
    ...(step === 'create' && { create: hold }),
    ...(step === 'update' && { update: hold }),
    start: async () => {
      if (step === 'start') await held.opened;
      return { subject: 'ann', token: 'issued' };
    },
  });
  let closed = 0;
  const gone = gate();
  const app = await guarded({
    before: [
      (_request, response, next) => {
        response.once('close', () => gone.open());
        next();
      },
    ],
    basic: traced.verifier,
    binding: { store: traced.store },
    handler: { onError: () => {} },
    createServer: async ({ principal }) => {
      traced.steps.push('server');
      if (step === 'server') await held.opened;
      const server = buildServer(principal);
      server.server.onclose = () => {
        closed += 1;
      };
      return server;
    },
  });
  const client = new AbortController();
  const reply = call(app.url, { headers: as('ann'), body: initialize(), signal: client.signal }).catch(
    () => undefined,
  );
  await until(`it is in ${step}`, () => traced.steps.includes(step));
  return {
    app,
    traced,
    client,
    gone: gone.opened,
    reply,
    closed: () => closed,
    goOn: () => held.open(),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

/** What was begun is undone, once, and no more is begun. */
async function leavesNothing({ app, traced, closed }: Interrupted): Promise<void> {
  const { steps } = traced;
  const count = (name: string): number => steps.filter((step) => step.startsWith(name)).length;
  await until('what began is undone', () => count('end') === count('start') && count('delete') > 0);
  await until('the server is closed', () => closed() === count('server'));
  expect(await app.sessions.list()).to.deep.equal([]);
  expect(traced.store.list({})).to.deep.equal([]);
  expect(count('start')).to.be.at.most(1);
}

for (const step of STEPS) {
  describe(`a session that is interrupted in ${step}`, () => {
    it('by a client that leaves: nothing is left', async () => {
      using rejections = catchRejections();
      await using held = await heldIn(step);
      held.client.abort();
      expect(await held.reply).to.equal(undefined);
      await held.gone;
      held.goOn();
      await leavesNothing(held);
      const reasons = held.traced.steps.filter((name) => name.startsWith('end'));
      expect(reasons).to.deep.equal(['end failed']);
      expect(rejections.reasons).to.deep.equal([]);
    });

    it('by a revocation: 404, and nothing is left', async () => {
      using rejections = catchRejections();
      await using held = await heldIn(step);
      const ended = await held.app.sessions.revoke({ subject: 'ann' });
      expect(ended).to.equal(1);
      held.goOn();
      expectRefusal((await held.reply) as Reply, 'session_not_found');
      await leavesNothing(held);
      expect(rejections.reasons).to.deep.equal([]);
    });

    it('by closing without grace: 503, and nothing is left', async () => {
      using rejections = catchRejections();
      await using held = await heldIn(step);
      await held.app.mcp.close({ graceMs: 0 });
      held.goOn();
      expectRefusal((await held.reply) as Reply, 'closing');
      await leavesNothing(held);
      expect(rejections.reasons).to.deep.equal([]);
    });
  });
}
