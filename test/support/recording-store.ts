import { type LoginKeys, type LoginStore, MemoryLoginStore } from '../../lib/index.js';

/** A store of failed logins in memory, and the keys that it was asked for. */
export function recordingStore(): { readonly store: LoginStore; readonly asked: readonly LoginKeys[] } {
  const asked: LoginKeys[] = [];
  const memory = new MemoryLoginStore();
  const store: LoginStore = {
    reserve(keys, budget) {
      asked.push(keys);
      return memory.reserve(keys, budget);
    },
    settle: (...settled) => memory.settle(...settled),
  };
  return { store, asked };
}
