import { expect } from 'chai';

import { as } from '../support/guarded.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, resume } from '../support/session.js';
import { sharedRecords } from '../support/shared-store.js';
import { guardedV2, type SeenByEra } from './support.js';

const ping = { jsonrpc: '2.0', id: 9, method: 'ping' };

describe('S5 a session of the 2025 era that another node began, on v2', () => {
  for (const enableJsonResponse of [false, true]) {
    it(`goes on here, ${enableJsonResponse ? 'with JSON' : 'with events'}, and is a 404 for anybody else`, async () => {
      const shared = sharedRecords();
      const ended: unknown[] = [];
      const open = () =>
        guardedV2({
          basic: {
            startSession: (principal) => ({ ...principal, token: 'issued' }),
            endSession: async ({ subject, token }, { reason }) => void ended.push([subject, token, reason]),
          },
          binding: { store: shared.node() },
          handler: { enableJsonResponse },
        });
      await using first = await open();
      await using second = await open();
      const session = await begin(first.url, as('ann'));
      expectRefusal(await resume(second.url, as('eve'), session.id).send(ping), 'session_not_found');
      const there = resume(second.url, as('ann'), session.id);
      const seen = JSON.parse(await there.tool('whoami')) as SeenByEra;
      expect(seen).to.include({ era: 'legacy', sessionId: session.id, created: 'ann', token: 'issued' });
      expect(await session.tool('echo', { text: 'here' })).to.equal('here');
      expect((await there.delete()).status).to.equal(200);
      expectRefusal(await session.send(ping), 'session_not_found');
      expect(ended).to.deep.equal([['ann', 'issued', 'deleted']]);
    });
  }

  it('is a 404 where the user lets no session move', async () => {
    const shared = sharedRecords();
    const open = () => guardedV2({ binding: { store: shared.node() }, handler: { failover: false } });
    await using first = await open();
    await using second = await open();
    const session = await begin(first.url, as('ann'));
    expectRefusal(await resume(second.url, as('ann'), session.id).send(ping), 'session_not_found');
  });
});
