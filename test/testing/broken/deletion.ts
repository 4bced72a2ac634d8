import { type Broken, tick } from '../faulty-store.js';

export const deleting: readonly Broken[] = [
  [
    'deletes for some reasons only',
    { delete: (store, id, reason) => reason !== 'shutdown' && store.delete(id) },
    'delete removes a record, whatever the reason',
  ],
  [
    'deletes by prefix',
    {
      delete(store, id) {
        const found = store.list({}).filter((record) => record.id.startsWith(id.slice(0, 1)));
        for (const record of found) store.delete(record.id);
        return found.length > 0;
      },
    },
    'delete removes a record, whatever the reason',
  ],
  [
    'looks, waits, then deletes',
    {
      async delete(store, id) {
        const isThere = store.get(id) !== undefined;
        await tick();
        store.delete(id);
        return isThere;
      },
    },
    'delete is true for exactly one of many',
  ],
  [
    'answers how many it deleted',
    { delete: (store, id) => Number(store.delete(id)) },
    'delete is true for exactly one of many',
  ],
  [
    'says that it deleted what was not there',
    { delete: (store, id) => store.delete(id) || true },
    'delete is false where there is nothing',
  ],
  [
    'lets an evicted session be deleted once more',
    () => {
      const evicted = new Set<string>();
      return {
        create(store, record, limits) {
          const outcome = store.create(record, limits);
          if (outcome !== 'limit') for (const id of outcome.evicted) evicted.add(id);
          return outcome;
        },
        delete: (store, id) => store.delete(id) || evicted.delete(id),
      };
    },
    'removed by create alone',
  ],
  ['answers no way to stop listening', { onDeleted: () => undefined }, 'answers the way to stop'],
  [
    'can be told to stop only once',
    () => {
      let hasStopped = false;
      return {
        onDeleted: () => () => {
          if (hasStopped) throw new Error('not listening');
          hasStopped = true;
        },
      };
    },
    'answers the way to stop',
  ],
  [
    'does not stop telling',
    () => {
      const listeners: ((id: string, reason: 'deleted') => void)[] = [];
      return {
        onDeleted: (listener) => {
          listeners.push(listener);
          return () => {};
        },
        delete(store, id) {
          for (const listener of listeners) listener(id, 'deleted');
          return store.delete(id);
        },
      };
    },
    'answers the way to stop',
  ],
];
