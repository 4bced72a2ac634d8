import { expect } from 'chai';

import { DELETE, DISCARD, UPDATE } from '../../../lib/redis/session-scripts/change.js';
import { CREATE } from '../../../lib/redis/session-scripts/create.js';
import { until } from '../../support/gate.js';
import { createInput, fieldsOf, keepRecord, MEMORY_MS, useSteps } from './steps.js';

describe('a change of a session in Redis', () => {
  const steps = useSteps();
  const create = (hash: string) => steps.run(CREATE, createInput({ hash, fields: fieldsOf(steps) }));
  const membersOf = (name: string) => steps.redis.zrange(steps.key('n', name), '0', '-1');

  describe('an update', () => {
    it('changes what it is told, under the secret that the record is kept with, and makes no record', async () => {
      await create('a');
      const fields = { lastSeenAt: '5' };
      const spaces = ['other', 'n', 'third'].map((ns) => ({ ns, hash: 'a', fields }));
      await steps.run(UPDATE, { spaces });
      expect(await steps.redis.hgetall(steps.key('n', 'session', 'a'))).to.deep.equal({
        ...{ ...fieldsOf(steps), ...fields, token: 'token' },
      });
      for (const ns of ['other', 'third'])
        expect(await steps.redis.exists(steps.key(ns, 'session', 'a')), ns).to.equal(0);
      expect(await steps.redis.zscore(steps.key('n', 'seen'), 'a')).to.equal('5');
    });

    it('changes one record, where there is one under two secrets', async () => {
      for (const ns of ['n', 'm']) await keepRecord(steps, 'a', fieldsOf(steps), ns);
      const spaces = ['n', 'm'].map((ns) => ({ ns, hash: 'a', fields: { lastSeenAt: '5' } }));
      await steps.run(UPDATE, { spaces });
      expect(await steps.redis.hget(steps.key('n', 'session', 'a'), 'lastSeenAt')).to.equal('5');
      expect(await steps.redis.hget(steps.key('m', 'session', 'a'), 'lastSeenAt')).not.to.equal('5');
    });

    it('of the owner takes it from the one before', async () => {
      await create('a');
      await create('b');
      const fields = { owner: 'eve', subject: 'eve' };
      await steps.run(UPDATE, { spaces: [{ ns: 'n', hash: 'a', fields }] });
      expect(await membersOf('owner:ada')).to.deep.equal(['b']);
      expect(await membersOf('owner:eve')).to.deep.equal(['a']);
      expect(await steps.redis.smembers(steps.key('n', 'subject', 'ada'))).to.deep.equal(['b']);
      expect(await steps.redis.smembers(steps.key('n', 'subject', 'eve'))).to.deep.equal(['a']);
      expect(await membersOf('expires')).to.deep.equal(['a', 'b']);
    });
  });

  describe('a deletion', () => {
    const deleting = (tokens: readonly string[], hash = 'a', spaces = ['other', 'n']) =>
      steps.run(DELETE, {
        spaces: spaces.map((ns) => ({ ns, hash })),
        ...{ tokens, reason: 'idle', origin: 'me', channel: steps.key('news') },
      });

    it('removes the record from everywhere, remembers for ten minutes by whom, and tells', async () => {
      const listener = steps.redis.duplicate();
      const heard: string[] = [];
      listener.on('message', (_, message) => heard.push(message));
      await listener.subscribe(steps.key('news'));
      await create('a');
      await create('b');
      expect(await deleting(['first'])).to.equal(1);
      for (const name of ['expires', 'seen', 'owner:ada']) expect(await membersOf(name)).to.deep.equal(['b']);
      expect(await steps.redis.smembers(steps.key('n', 'subject', 'ada'))).to.deep.equal(['b']);
      expect(await steps.redis.exists(steps.key('n', 'session', 'a'))).to.equal(0);
      expect(await steps.redis.get(steps.key('n', 'gone', 'a'))).to.equal('first');
      const real = await steps.redis.pttl(steps.key('n', 'gone', 'a'));
      expect(real).to.be.within(MEMORY_MS / 2, MEMORY_MS);
      await until('it is told', () => heard.length > 0);
      listener.disconnect();
      expect(heard.map((message) => JSON.parse(message))).to.deep.equal([
        { origin: 'me', ns: 'n', hash: 'a', id: 'sealed id', reason: 'idle' },
      ]);
    });

    it('is answered for again to whoever made it, and to nobody else', async () => {
      await create('a');
      expect(await deleting(['first', 'second'])).to.equal(1);
      expect(await deleting(['other'])).to.equal(0);
      expect(await deleting(['other', 'first'])).to.equal(1);
      // What is remembered is the first of its names.
      expect(await deleting(['second'])).to.equal(0);
      expect(await deleting(['first'], 'b')).to.equal(0);
    });
  });

  it('what is discarded is in no index any more', async () => {
    for (const hash of ['a', 'b', 'c']) await create(hash);
    await steps.run(DISCARD, {
      sessions: [
        { ns: 'n', hash: 'a' },
        { ns: 'n', hash: 'c' },
      ],
    });
    for (const name of ['expires', 'seen', 'owner:ada']) expect(await membersOf(name)).to.deep.equal(['b']);
    expect(await steps.redis.exists(steps.key('n', 'session', 'a'), steps.key('n', 'session', 'c'))).to.equal(
      0,
    );
  });
});
