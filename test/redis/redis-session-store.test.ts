import { expect } from 'chai';

import { settle } from '../support/settle.js';
import { rejectionOf } from './rejected.js';
import { NOTHING, namedUnder, openTold, record, SPACES, told } from './told-store.js';

describe('redisSessionStore, what it asks of Redis', () => {
  it('tells of what others delete, on the channel that it tells them on', async () => {
    const { store, asked, subscriber } = openTold(() => []);
    expect(store.shared).to.equal(true);
    const limits = { maxSessions: 1, maxSessionsPerPrincipal: 1, onLimit: 'refuse', busy: [] } as const;
    expect(await store.create(record('a'), limits)).to.equal('limit');
    const heard: string[] = [];
    const stop = store.onDeleted((...news) => heard.push(news.join(' ')));
    const [{ name: ns }] = SPACES;
    const hash = 'hash';
    const news = { origin: 'other', ns, hash, id: SPACES[0].seal('id', hash, 'a'), reason: 'idle' };
    subscriber.emit('message', asked[0]?.input.channel, JSON.stringify(news));
    stop();
    expect(heard).to.deep.equal(['a idle']);
  });

  describe('one session', () => {
    it('is asked for under each secret, and read under the one it was kept with', async () => {
      for (const space of SPACES) {
        const { store, asked } = openTold(() => [null, told(record('a'), space)]);
        expect(await store.get('a')).to.deep.equal(record('a'));
        expect(asked).to.deep.equal([
          { step: 'GET', base: 'app:{sessions}', input: { spaces: namedUnder('a') } },
        ]);
      }
      expect(await openTold(() => []).store.get('a')).to.equal(undefined);
    });

    it('is changed under each secret, and not asked about where nothing changes', async () => {
      const { store, asked } = openTold(() => 1);
      await store.update('a', {});
      await store.update('a', { lastSeenAt: undefined, busyUntil: undefined } as never);
      expect(asked).to.deep.equal([]);
      await store.update('a', { lastSeenAt: 5, busyUntil: undefined } as never);
      const spaces = namedUnder('a').map((name) => ({ ...name, fields: { lastSeenAt: '5' } }));
      expect(asked).to.deep.equal([{ step: 'UPDATE', base: 'app:{sessions}', input: { spaces } }]);
    });
  });

  describe('a deletion', () => {
    for (const [reply, isRemoved] of [
      [1, true],
      [0, false],
      [null, false],
    ] as const) {
      it(`answers ${isRemoved} where Redis answers ${reply}, and tells why and who`, async () => {
        const { store, asked } = openTold(() => reply);
        expect(await store.delete('a', 'revoked')).to.equal(isRemoved);
        const [{ step, input = {} } = {}] = asked;
        const { tokens, origin, ...rest } = input as { tokens: string[]; origin: string };
        expect([step, rest]).to.deep.equal([
          'DELETE',
          { spaces: namedUnder('a'), reason: 'revoked', channel: 'app:{sessions}:ended' },
        ]);
        expect(tokens).to.have.length(1);
        expect(origin).to.match(/^[0-9a-f-]{36}$/);
      });
    }

    it('without an answer is done again under the same name, also when it was not sent meanwhile', async () => {
      const { client, store, asked } = openTold((_, { length }) => (length === 1 ? NOTHING : 1));
      const deleting = () => store.delete('a', 'idle');
      expect(await rejectionOf(deleting)).to.equal(NOTHING);
      client.status = 'reconnecting';
      expect(await rejectionOf(deleting)).to.have.property('message', 'Redis is not connected');
      client.status = 'ready';
      expect(await deleting()).to.equal(true);
      expect(await deleting()).to.equal(true);
      const [first, second, third] = asked.map(({ input }) => JSON.stringify(input.tokens));
      expect(asked).to.have.length(3);
      expect(second).to.equal(first);
      expect(third).not.to.equal(first);
    });
  });

  describe('a list', () => {
    it('is of all, or of a subject under each secret', async () => {
      const { store, asked } = openTold(() => [[told(record('a')), told(record('b', 'eve'), SPACES[1])]]);
      expect(await store.list({})).to.deep.equal([record('a'), record('b', 'eve')]);
      expect(await store.list({ subject: 'ada' })).to.deep.equal([record('a')]);
      expect(asked.map(({ step, input }) => [step, input.spaces])).to.deep.equal([
        ['LIST', SPACES.map(({ name }) => ({ ns: name }))],
        ['LIST', SPACES.map((space) => ({ ns: space.name, subject: space.hash('subject', 'ada') }))],
      ]);
    });

    it('is told in pieces where it is long', async () => {
      const others = Array.from({ length: 1001 }, (_, n) => [SPACES[0].name, `hash ${n}`]);
      const { store, asked } = openTold((step, { length }) => {
        return step === 'LIST' ? [[told(record('a'))], others] : [told(record(`more ${length}`))];
      });
      const found = await store.list({});
      expect(found.map(({ id }) => id)).to.deep.equal(['a', 'more 2', 'more 3', 'more 4']);
      expect(asked.slice(1).map(({ step, input }) => [step, input.sessions])).to.deep.equal([
        ['LIST_MORE', others.slice(0, 500)],
        ['LIST_MORE', others.slice(500, 1000)],
        ['LIST_MORE', others.slice(1000)],
      ]);
    });
  });

  describe('what is overdue', () => {
    it('is asked for by both times, and only what opens is told', async () => {
      const broken = ['namespace', 'hash', 'x'];
      const { store, asked } = openTold((step) =>
        step === 'OVERDUE' ? [told(record('a')), broken] : NOTHING,
      );
      expect(await store.overdue({ expiredAt: 5, idleSince: 4 })).to.deep.equal([record('a')]);
      await settle();
      const spaces = SPACES.map(({ name }) => ({ ns: name }));
      expect(asked.map(({ step, input }) => [step, input])).to.deep.equal([
        ['OVERDUE', { spaces, expiredAt: '5', idleSince: '4' }],
        // That this fails is told to nobody: it is asked for again the next time.
        ['DISCARD', { sessions: [{ ns: 'namespace', hash: 'hash' }] }],
      ]);
    });

    it('is all that is asked where all opens', async () => {
      const { store, asked } = openTold(() => [told(record('a'))]);
      await store.overdue({ expiredAt: 5, idleSince: 4 });
      expect(asked).to.have.length(1);
    });
  });

  describe('what remains', () => {
    it('is told by the places of those that are kept', async () => {
      const { store, asked } = openTold(() => [1, 3]);
      expect(await store.remaining(['a', 'b', 'c'])).to.deep.equal(['a', 'c']);
      expect(asked.map(({ step, input }) => [step, input])).to.deep.equal([
        ['REMAINING', { sessions: ['a', 'b', 'c'].map(namedUnder) }],
      ]);
    });

    it('is nothing of nothing, and not asked for', async () => {
      const { store, asked } = openTold(() => [1]);
      expect(await store.remaining([])).to.deep.equal([]);
      expect(asked).to.deep.equal([]);
    });
  });
});
