import { expect } from 'chai';

import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import { sessionStoreContract } from '../../lib/testing/index.js';
import type { Awaitable, SessionStore } from '../../lib/types.js';
import { brokenNodes, deafNodes, honestNodes, type Nodes } from './broken-nodes.js';
import { brokenStores } from './broken-stores.js';
import { faultyStore } from './faulty-store.js';

describe('sessionStoreContract', () => {
  describe('of MemorySessionStore', () => {
    sessionStoreContract(() => new MemorySessionStore());
  });

  describe('of a store that waits', () => {
    sessionStoreContract(() => faultyStore({}));
  });

  describe('of two nodes', () => {
    const nodes = honestNodes();
    sessionStoreContract(nodes.createStore, { peerOf: nodes.peerOf });
  });

  describe('of two nodes that do not hear of each other', () => {
    const nodes = deafNodes();
    sessionStoreContract(nodes.createStore, { peerOf: nodes.peerOf });
  });

  type Tests = readonly (readonly [title: string, body: () => Promise<void>])[];

  function testsOf(createStore: () => Awaitable<SessionStore>, options: Partial<Nodes> = {}): Tests {
    const tests: [string, () => Promise<void>][] = [];
    sessionStoreContract(createStore, {
      describe: (_, body) => body(),
      it: (title, body) => tests.push([title, body]),
      ...(options.peerOf && { peerOf: options.peerOf }),
    });
    return tests;
  }

  async function failuresOf(tests: Tests): Promise<string[]> {
    const failed: string[] = [];
    for (const [title, body] of tests) {
      await body().catch(() => failed.push(title));
    }
    return failed;
  }

  const found = new Set<string>();

  for (const [what, faults, title] of brokenStores) {
    it(`finds out a store that ${what}`, async () => {
      const tests = testsOf(() => faultyStore(typeof faults === 'function' ? faults() : faults));
      const failed = await failuresOf(tests);
      expect(
        failed.some((name) => name.includes(title)),
        failed.join('\n'),
      ).to.equal(true);
      expect(failed.length).to.be.lessThan(tests.length);
      for (const name of failed) found.add(name);
    });
  }

  for (const [what, nodes, title] of brokenNodes) {
    it(`finds out nodes of which ${what}`, async () => {
      const { now } = Date;
      // What waits for news waits by the clock: let no test wait for as long as that.
      let later = 0;
      Date.now = () => {
        later += 100;
        return now() + later;
      };
      try {
        const { createStore, peerOf } = nodes();
        const failed = await failuresOf(testsOf(createStore, { peerOf }));
        expect(
          failed.some((name) => name.includes(title)),
          failed.join('\n'),
        ).to.equal(true);
        for (const name of failed) found.add(name);
      } finally {
        Date.now = now;
      }
    });
  }

  it('has no test that no fault makes fail', () => {
    const { createStore, peerOf } = honestNodes();
    const titles = testsOf(createStore, { peerOf }).map(([title]) => title);
    expect(titles.filter((title) => !found.has(title))).to.deep.equal([]);
    expect(new Set(titles).size).to.equal(titles.length);
  });

  it('makes a store of its own for every test', async () => {
    let made = 0;
    const tests = testsOf(() => {
      made += 1;
      return new MemorySessionStore();
    });
    expect(made).to.equal(0);
    expect(await failuresOf(tests)).to.deep.equal([]);
    expect(made).to.equal(tests.length);
  });

  describe('is told what it needs', () => {
    const create = () => new MemorySessionStore();

    it('a function that makes a store', () => {
      for (const bad of [undefined, null, new MemorySessionStore(), 'store']) {
        expect(() => sessionStoreContract(bad as never)).to.throw(
          TypeError,
          'createStore must be a function',
        );
      }
    });

    it('options of the right kind, and no others', () => {
      for (const name of ['describe', 'it', 'peerOf']) {
        expect(() => sessionStoreContract(create, { [name]: 5 })).to.throw(TypeError, `option "${name}"`);
      }
      expect(() => sessionStoreContract(create, { before: () => {} } as never)).to.throw(
        TypeError,
        'unknown option "before"',
      );
    });

    for (const name of ['describe', 'it'] as const) {
      it(`"${name}", where the runner has no global of that name`, () => {
        const holder = globalThis as { [key: string]: unknown };
        const { [name]: runner } = holder;
        delete holder[name];
        try {
          const declare = () =>
            sessionStoreContract(create, { describe: () => {}, [name]: undefined } as never);
          expect(declare).to.throw(TypeError, `there is no global "${name}"`);
        } finally {
          holder[name] = runner;
        }
      });
    }
  });
});
