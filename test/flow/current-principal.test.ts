import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';

import { expect } from 'chai';

import { currentPrincipal } from '../../lib/index.js';
import { connect, textOf } from '../support/client.js';
import { type Gate, gate, until } from '../support/gate.js';
import { as, bearer, type Guarded, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { begin } from '../support/session.js';

const who = (): string => currentPrincipal()?.subject ?? 'nobody';

/** Ways through which code that knows no caller is reached. */
const ways: Readonly<Record<string, () => Promise<string>>> = {
  'a plain call': async () => who(),
  'nested awaits': async () => {
    const deep = async (depth: number): Promise<string> => {
      await null;
      return depth === 0 ? who() : deep(depth - 1);
    };
    return deep(20);
  },
  setTimeout: () => new Promise((resolve) => setTimeout(() => resolve(who()), 1)),
  setImmediate: () => new Promise((resolve) => setImmediate(() => resolve(who()))),
  'process.nextTick': () => new Promise((resolve) => process.nextTick(() => resolve(who()))),
  queueMicrotask: () => new Promise((resolve) => queueMicrotask(() => resolve(who()))),
  setInterval: () =>
    new Promise((resolve) => {
      let ticks = 0;
      const timer = setInterval(() => {
        ticks += 1;
        if (ticks < 2) return;
        clearInterval(timer);
        resolve(who());
      }, 1);
    }),
  'Promise.all': async () => (await Promise.all([who(), Promise.resolve().then(who)])).join(),
  'an emitter': async () => {
    const emitter = new EventEmitter();
    setImmediate(() => emitter.emit('done'));
    await once(emitter, 'done');
    return who();
  },
  'a stream': async () => {
    const seen: string[] = [];
    for await (const _chunk of Readable.from(['a', 'b'])) seen.push(who());
    return seen.join();
  },
};

function serving(work: () => Promise<string>): Promise<Guarded> {
  return guarded({
    createServer: ({ principal }) => {
      const server = buildServer(principal);
      server.registerTool('who', {}, async () => ({ content: [{ type: 'text', text: await work() }] }));
      return server;
    },
  });
}

describe('currentPrincipal', () => {
  it('is nobody outside a call', () => {
    expect(currentPrincipal()).to.equal(undefined);
  });

  for (const [way, work] of Object.entries(ways)) {
    it(`is the caller through ${way}, for two callers at once`, async () => {
      await using app = await serving(work);
      const [ann, ben] = [await begin(app.url, as('ann')), await begin(app.url, as('ben'))];
      const answers = await Promise.all([ann, ben, ann, ben].map((session) => session.tool('who')));
      expect(answers.map((text) => [...new Set(text.split(','))])).to.deep.equal([
        ['ann'],
        ['ben'],
        ['ann'],
        ['ben'],
      ]);
      expect(who()).to.equal('nobody');
    });
  }

  it('stays the caller while another is served in between', async () => {
    const waiting: Gate[] = [];
    await using app = await serving(async () => {
      const before = who();
      const turn = gate();
      waiting.push(turn);
      await turn.opened;
      return `${before} ${who()}`;
    });
    const names = ['ann', 'ben', 'cid'];
    const sessions = await Promise.all(names.map((name) => begin(app.url, as(name))));
    const answers = sessions.map((session) => session.tool('who'));
    await until('all of them wait', () => waiting.length === 3);
    for (const turn of waiting.reverse()) turn.open();
    expect(await Promise.all(answers)).to.deep.equal(names.map((name) => `${name} ${name}`));
  });

  it('is the caller in what a call leaves running after its answer', async () => {
    const later: string[] = [];
    const turn = gate();
    await using app = await serving(async () => {
      void turn.opened.then(() => later.push(who()));
      return 'answered';
    });
    const [ann, ben] = [await begin(app.url, as('ann')), await begin(app.url, as('ben'))];
    await ann.tool('who');
    await ben.tool('who');
    turn.open();
    await turn.opened;
    expect(later).to.deep.equal(['ann', 'ben']);
  });

  it('is the caller in handlers of notifications', async () => {
    const seen: string[] = [];
    await using app = await guarded({
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        server.server.oninitialized = () => {
          seen.push(who());
        };
        return server;
      },
    });
    await using ann = await connect(app.url, as('ann'));
    await using ben = await connect(app.url, as('ben'));
    await until('both are initialised', () => seen.length === 2);
    expect(seen).to.deep.equal(['ann', 'ben']);
    expect([
      await textOf(ann.client, 'echo', { text: 'x' }),
      await textOf(ben.client, 'echo', { text: 'x' }),
    ]).to.deep.equal(['x', 'x']);
  });

  it("is this request's principal, with this request's token", async () => {
    await using app = await guarded({
      bearer: { verify: ({ token }) => ({ subject: 'ann', token }) },
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        server.registerTool('token', {}, async () => {
          await null;
          return { content: [{ type: 'text', text: currentPrincipal()?.token ?? '' }] };
        });
        return server;
      },
    });
    const session = await begin(app.url, bearer('t1'));
    expect(await session.tool('token')).to.equal('t1');
    expect(await session.tool('token', {}, bearer('t2'))).to.equal('t2');
  });
});
