import { type Broken, keeping } from '../faulty-store.js';

export const keepingAndReading: readonly Broken[] = [
  ['answers null for nothing', { get: (store, id) => store.get(id) ?? null }, 'get answers undefined'],
  [
    'finds by prefix',
    { get: (store, id) => store.get(id) ?? store.list({}).find((record) => id.startsWith(record.id)) },
    'get answers undefined',
  ],
  [
    'loses the token',
    keeping((record) => ({ ...record, principal: { ...record.principal, token: undefined } })),
    'with every field of its principal',
  ],
  [
    'rounds times to seconds',
    keeping((record) => ({ ...record, expiresAt: Math.floor(record.expiresAt / 1000) * 1000 })),
    'with every field of its principal',
  ],
  ['loses busyUntil', keeping(({ busyUntil: _, ...record }) => record), 'create keeps busyUntil'],
  [
    'turns what is absent into null',
    keeping((record) => ({ ...record, principal: { tenant: null, ...record.principal } })),
    'absent, not null',
  ],
  [
    'drops what is empty',
    keeping(({ principal, ...record }) => ({
      ...record,
      principal: { ...principal, scopes: principal.scopes?.length ? principal.scopes : undefined },
    })),
    'empty lists and texts',
  ],
  [
    'takes initialize for an object',
    keeping((record) => ({ ...record, initialize: { ...(record.initialize as object) } })),
    'initialize is opaque',
  ],
  [
    'keeps one record',
    {
      create(store, record, limits) {
        for (const { id } of store.list({})) store.delete(id);
        return store.create(record, limits);
      },
    },
    'one record is not another',
  ],
  [
    'says nothing when it has created',
    { create: (store, record, limits) => (store.create(record, limits) === 'limit' ? 'limit' : {}) },
    'create keeps the record',
  ],
];
