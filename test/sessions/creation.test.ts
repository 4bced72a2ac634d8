import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import type { LiveSession } from '../../lib/sessions/live-session.js';
import { holdTimeouts } from '../support/clock.js';
import { settle } from '../support/settle.js';
import { sharedRecords } from '../support/shared-store.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, begin, type Ended, slowStore, watched } from './support.js';

const STORE_MS = 5000;
const MESSAGE = { method: 'initialize' };

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (error) {
    expect(error).to.be.instanceOf(McpGuardError);
    return (error as McpGuardError).code;
  }
};

describe('Creation', () => {
  failsOnUnhandledRejections();

  it('ends what the store removed for a session that was given up meanwhile', async () => {
    using timeouts = holdTimeouts(STORE_MS);
    const store = slowStore();
    const { registry } = watched({ store, maxSessionsPerPrincipal: 1 });
    const ended: Ended[] = [];
    const first = await begin(registry, ada, ended);
    const held = store.hold('create');
    const creating = codeOf(registry.create(ada, MESSAGE));
    await settle();
    timeouts.fire();
    expect(await creating).to.equal('unavailable');
    expect(first.ending).to.equal(undefined);
    held.open();
    await settle();
    expect(first.endReason).to.equal('evicted');
    expect(ended).to.deep.equal([['ada', first.id, 'evicted']]);
    expect(store.inner.list({})).to.deep.equal([]);
    await registry.close();
  });

  describe('of a login over records that nodes share', () => {
    const token = { ...ada, token: 'issued' };

    async function loggingIn(): Promise<{
      readonly session: LiveSession;
      readonly ended: Ended[];
      readonly keep: () => Promise<string>;
      readonly endThere: () => Promise<void>;
      readonly close: () => Promise<void>;
    }> {
      const shared = sharedRecords();
      const [here, there] = [shared.node(), shared.node()].map((store) => watched({ store }));
      if (!here || !there) throw new Error('no nodes');
      const session = await here.registry.create(ada, MESSAGE, { loginUntil: Date.now() + 60_000 });
      const ended: Ended[] = [];
      session.hooks = {
        async endSession({ subject }, { sessionId, reason }) {
          ended.push([subject, sessionId, reason]);
        },
      };
      return {
        session,
        ended,
        keep: () => codeOf(here.registry.keepLogin(session, token)),
        endThere: async () => {
          await there.registry.revoke({ sessionId: session.id });
          await settle();
        },
        close: async () => {
          await here.registry.close();
          await there.registry.close();
        },
      };
    }

    it('keeps what it made of the principal', async () => {
      const { session, keep, ended, close } = await loggingIn();
      expect(await keep()).to.equal('done');
      expect(session.principal.token).to.equal('issued');
      expect(ended).to.deep.equal([]);
      await close();
    });

    it('undoes it where another node has ended the session meanwhile, and left that to this one', async () => {
      const { session, keep, endThere, ended, close } = await loggingIn();
      await endThere();
      expect(ended).to.deep.equal([]);
      expect(await keep()).to.equal('session_not_found');
      expect(ended).to.deep.equal([['ada', session.id, 'revoked']]);
      await close();
    });
  });

  it('tells who enriches a session that it has ended', async () => {
    const { registry } = watched();
    const session = await registry.create(ada, MESSAGE);
    await registry.end(session, 'revoked');
    expect(await codeOf(registry.enrich(session, { ...ada, token: 'issued' }))).to.equal('session_not_found');
    await registry.close();
  });
});
