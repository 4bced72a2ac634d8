import { expect } from 'chai';

import type { Actor } from '../../lib/audit/actor.js';
import { sessionsOf } from '../../lib/audit/sessions.js';
import type { Reply } from '../../lib/audit/wire/reply.js';

const ADA: Actor = { name: 'ada', headers: [] };
const BOB: Actor = { name: 'bob', headers: [] };
const replyWith = (status: number): Reply => ({
  ...{ status, text: '', rawHeaders: [], askedId: undefined },
});

describe('the sessions that an audit begins', () => {
  it('are ended once, by who began them, and remembered', async () => {
    const ended: string[] = [];
    const sessions = sessionsOf(async ({ name }, id) => {
      ended.push(`${id} by ${name}`);
      return replyWith(204);
    });
    sessions.began('a', ADA);
    sessions.began('b', BOB);
    await sessions.end();
    sessions.began('c', ADA);
    await sessions.end();
    expect(ended).to.deep.equal(['a by ada', 'b by bob', 'c by ada']);
    expect([...sessions.ids, sessions.left]).to.deep.equal(['a', 'b', 'c', 0]);
  });

  it('are left where they could not be ended, and that hinders no other', async () => {
    const answers = [200, 404, 403, 500];
    const sessions = sessionsOf(async (_as, id) => {
      if (id === 'cut') throw new Error('cut');
      return replyWith(Number(id));
    });
    sessions.began('cut', ADA);
    for (const status of answers) sessions.began(String(status), ADA);
    await sessions.end();
    expect(sessions.left).to.equal(3);
  });
});
