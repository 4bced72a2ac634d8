import { checkOptions, rule } from '../options.js';
import type { Awaitable, SessionStore } from '../types.js';
import { deletionChecks } from './checks/deletion.js';
import { evictionChecks } from './checks/eviction.js';
import { keyChecks } from './checks/keys.js';
import { limitChecks } from './checks/limits.js';
import { listChecks } from './checks/list.js';
import { nodeChecks } from './checks/nodes.js';
import { recordChecks } from './checks/records.js';
import { sweepChecks } from './checks/sweep.js';
import { updateChecks } from './checks/update.js';

export interface SessionStoreContractOptions {
  /** Default: the global of mocha, jest, or vitest with globals. */
  readonly describe?: (title: string, body: () => void) => unknown;
  /** Default: the global of mocha, jest, or vitest with globals. */
  readonly it?: (title: string, body: () => Promise<void>) => unknown;
  /**
   * Another node: a second store over the same records as `store`. Where it is given, what nodes share and hear of
   * each other is checked too.
   */
  readonly peerOf?: (store: SessionStore) => Awaitable<SessionStore>;
}

const OPTIONS = { describe: rule.callback, it: rule.callback, peerOf: rule.callback } as const;

const checks = [
  ...recordChecks,
  ...updateChecks,
  ...limitChecks,
  ...evictionChecks,
  ...deletionChecks,
  ...listChecks,
  ...keyChecks,
  ...sweepChecks,
] as const;

/**
 * Declares the tests that every `SessionStore` must pass: each sentence of the interface, under many calls at once where
 * it promises to be atomic. `createStore` makes an empty store; it is called once for every test.
 * Throws `TypeError` for bad arguments, and where there is no test runner.
 *
 * @example
 * sessionStoreContract(() => new MySessionStore({ table: `sessions_${randomUUID()}` }));
 */
export function sessionStoreContract(
  createStore: () => Awaitable<SessionStore>,
  options: SessionStoreContractOptions = {},
): void {
  if (typeof createStore !== 'function')
    throw new TypeError('sessionStoreContract: createStore must be a function');
  checkOptions('sessionStoreContract', options, OPTIONS);
  const { peerOf } = options;
  const describe = options.describe ?? globalOf('describe');
  const it = options.it ?? globalOf('it');
  describe('SessionStore contract', () => {
    for (const [title, check] of checks) it(title, async () => check(await createStore()));
    if (!peerOf) return;
    for (const [title, check] of nodeChecks) {
      it(title, async () => {
        const store = await createStore();
        await check(store, await peerOf(store));
      });
    }
  });
}

type Declare = (title: string, body: () => void | Promise<void>) => unknown;

function globalOf(name: 'describe' | 'it'): Declare {
  const found = (globalThis as { readonly [key: string]: unknown })[name];
  if (typeof found === 'function') return found as Declare;
  throw new TypeError(
    `sessionStoreContract: there is no global "${name}"; run it under mocha, jest or vitest with globals, or pass { describe, it }`,
  );
}
