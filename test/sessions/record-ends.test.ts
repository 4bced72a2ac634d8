import { expect } from 'chai';

import type { GuardNews } from '../../lib/events.js';
import type { Keepers } from '../../lib/sessions/keepers.js';
import { originData } from '../../lib/sessions/origin.js';
import { RecordEnds } from '../../lib/sessions/record-ends.js';
import type { Removals } from '../../lib/sessions/removals.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import type { SessionEndReason, SessionRecord } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { ada } from './support.js';

const MESSAGE = { method: 'initialize' };

const recordOf = (by: string | undefined, ended?: SessionEndReason): SessionRecord => ({
  ...{ id: 'a', principal: ada, createdAt: 0, lastSeenAt: 0, expiresAt: Date.now() + 1000 },
  initialize: originData(MESSAGE, ada, { by, ended }),
});

/** Where the guard `known 0` is met, and no other; `isOurs`: this node is the one that removes the record. */
function scene(isOurs = true) {
  const log: unknown[] = [];
  const records = { update: async (id: string, changes: object) => log.push(['update', id, changes]) };
  const removals = {
    remove: async ({ id, reason }: { id: string; reason: string }) =>
      log.push(['remove', id, reason]) && isOurs,
    undo: async ({ reason }: { reason: string }) => log.push(['undo', reason]),
  };
  const keepers = { hooksOf: (by: string | undefined) => (by === 'known 0' ? {} : undefined) };
  const publish = (news: GuardNews): void => {
    log.push([news.type, 'reason' in news && news.reason, news.session]);
  };
  const ends = new RecordEnds(
    records as unknown as StoredSessions,
    removals as unknown as Removals,
    keepers as unknown as Keepers,
    publish,
  );
  return { ends, log };
}

describe('RecordEnds', () => {
  for (const by of ['known 0', undefined]) {
    it(`removes the record, and undoes the login, where it can: begun by ${by}`, async () => {
      const { ends, log } = scene();
      expect(await ends.end(recordOf(by), 'revoked')).to.equal(true);
      expect(log).to.deep.equal([
        ...[
          ['remove', 'a', 'revoked'],
          ['session.ended', 'revoked', 'a'],
        ],
        ['undo', 'revoked'],
      ]);
    });
  }

  it('leaves it to whoever was faster', async () => {
    const { ends, log } = scene(false);
    expect(await ends.end(recordOf('known 0'), 'revoked')).to.equal(false);
    expect(log).to.deep.equal([['remove', 'a', 'revoked']]);
  });

  it('leaves the record, as one that is over, to a node that can undo the login', async () => {
    using _clock = stopClock();
    const { ends, log } = scene();
    const record = recordOf('of another node 0');
    expect(await ends.end(record, 'revoked')).to.equal(true);
    const initialize = originData(MESSAGE, ada, { by: 'of another node 0', ended: 'revoked' });
    expect(log).to.deep.equal([['update', 'a', { expiresAt: Date.now(), initialize }]]);
    log.length = 0;
    expect(await ends.end({ ...record, expiresAt: Date.now() }, 'revoked')).to.equal(false);
    await ends.endAsKnown(record, 'idle');
    expect(log).to.deep.equal([]);
  });

  it('ends what is over by itself as what it was ended before, if it was', async () => {
    const { ends, log } = scene(false);
    await ends.endAsKnown(recordOf('known 0'), 'idle');
    await ends.endAsKnown(recordOf('known 0', 'revoked'), 'idle');
    await ends.endAsKnown({ ...recordOf('known 0'), initialize: null }, 'expired');
    expect(log.map((entry) => (entry as string[])[2])).to.deep.equal(['idle', 'revoked', 'expired']);
  });

  it('tells of a login that nobody here could undo, where the store has removed the record', async () => {
    const { ends, log } = scene();
    await ends.removed(recordOf('known 0'), 'evicted');
    expect(log).to.deep.equal([
      ['session.ended', 'evicted', 'a'],
      ['undo', 'evicted'],
    ]);
    log.length = 0;
    await ends.removed(recordOf('of another node 0'), 'evicted');
    expect(log).to.deep.equal([
      ...[
        ['session.ended', 'evicted', 'a'],
        ['server.failed', 'end_session', 'a'],
      ],
      ['undo', 'evicted'],
    ]);
  });
});
