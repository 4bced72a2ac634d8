import { expect } from 'chai';

import { principalKey } from '../../lib/principal.js';
import { type VirtualTime, virtualTime } from '../model/virtual-time.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { rejectionOf } from './rejected.js';
import { NOTHING, namedUnder, openTold, record, SPACES, told } from './told-store.js';

const LIMITS = { maxSessions: 7, maxSessionsPerPrincipal: 5, onLimit: 'refuse', busy: [] } as const;

describe('redisSessionStore, a creation', () => {
  let time: VirtualTime;
  beforeEach(() => {
    time = virtualTime();
  });
  afterEach(() => time[Symbol.dispose]());

  it('tells the record, who owns it, the limits, and who is busy, under each secret', async () => {
    const { store, asked } = openTold(() => [1, null]);
    const limits = { ...LIMITS, onLimit: 'evict-idle', busy: ['b'] } as const;
    expect(await store.create(record('a'), limits)).to.deep.equal({ evicted: [] });
    const [{ step, input = {} } = {}] = asked;
    const { fields, token, origin, ...rest } = input as Record<string, unknown>;
    const owner = SPACES.map((space) => space.hash('owner', principalKey({ subject: 'ada' })));
    expect([step, rest]).to.deep.equal([
      'CREATE',
      {
        spaces: namedUnder('a').map((name, at) => ({ ...name, owner: owner[at] })),
        limits: { total: 7, own: 5, evicts: true },
        busy: namedUnder('b').map(({ ns, hash }) => `${ns}:${hash}`),
        channel: 'app:{sessions}:ended',
      },
    ]);
    for (const name of [token, origin]) expect(name).to.match(/^[0-9a-f-]{36}$/);
    const [newest] = SPACES;
    const { id } = fields as { id: string };
    expect(newest.open('id', newest.hash('session', 'a'), id)).to.equal('a');
  });

  it('evicts nobody where that is not the way, and tells whom it evicted', async () => {
    const refusing = openTold(() => []);
    expect(await refusing.store.create(record('a'), LIMITS)).to.equal('limit');
    expect(refusing.asked[0]?.input.limits).to.deep.equal({ total: 7, own: 5, evicts: false });
    const { store } = openTold(() => [1, told(record('b'), SPACES[1])]);
    expect(await store.create(record('a'), LIMITS)).to.deep.equal({
      ...{ evicted: ['b'], evictedRecords: [record('b')] },
    });
  });

  it('without an answer is undone until it is, under its own name; whom it evicted is told here too', async () => {
    const { store, asked } = openTold((step, { length }) =>
      step === 'UNDO' && length > 2 ? [told(record('b'))] : NOTHING,
    );
    const heard: string[] = [];
    const stop = store.onDeleted((...news) => heard.push(news.join(' ')));
    expect(await rejectionOf(() => store.create(record('a'), LIMITS))).to.equal(NOTHING);
    await time.advance(10_000, settle);
    expect(asked.map(({ step }) => step)).to.deep.equal(['CREATE', 'UNDO', 'UNDO']);
    const [{ input: { token = '' } = {} } = {}] = asked;
    for (const { input } of asked.slice(1)) {
      expect(input).to.deep.equal({ space: namedUnder('a')[0], token });
    }
    expect(heard).to.deep.equal(['b evicted']);
    stop();
  });

  it('is undone where Redis says so late', async () => {
    const late = gate<unknown>();
    const { store, asked } = openTold((step) => (step === 'UNDO' ? late.opened : NOTHING));
    const heard: string[] = [];
    const stop = store.onDeleted((...news) => heard.push(news.join(' ')));
    await rejectionOf(() => store.create(record('a'), LIMITS));
    await time.advance(1300, settle);
    late.open([told(record('b'))]);
    await settle();
    expect(heard).to.deep.equal(['b evicted']);
    await time.advance(60_000, settle);
    expect(asked.map(({ step }) => step)).to.deep.equal(['CREATE', 'UNDO']);
    stop();
  });

  it('that was not sent is not undone', async () => {
    const { client, store, asked } = openTold(() => [1]);
    client.status = 'reconnecting';
    const creating = () => store.create(record('a'), LIMITS);
    expect(await rejectionOf(creating)).to.have.property('message', 'Redis is not connected');
    client.status = 'ready';
    await time.advance(10_000, settle);
    expect(asked).to.deep.equal([]);
  });
});
