import { type Broken, idle, oldest, owning, tick, UNLIMITED } from '../faulty-store.js';

export const limiting: readonly Broken[] = [
  [
    'looks at maxSessions, waits, and acts',
    {
      async create(store, record, limits) {
        if (store.list({}).length >= limits.maxSessions) return 'limit';
        await tick();
        return store.create(record, { ...limits, maxSessions: Number.MAX_SAFE_INTEGER });
      },
    },
    'many creates at once never exceed maxSessions',
  ],
  [
    'looks at maxSessionsPerPrincipal, waits, and acts',
    {
      async create(store, record, limits) {
        if (limits.onLimit === 'evict-idle') return store.create(record, limits);
        if (store.list(record.principal).length >= limits.maxSessionsPerPrincipal) return 'limit';
        await tick();
        return store.create(record, UNLIMITED);
      },
    },
    'exceed maxSessionsPerPrincipal, where it refuses',
  ],
  [
    'chooses whom to evict, waits, and acts',
    {
      async create(store, record, limits) {
        const mine = store.list(record.principal);
        if (limits.onLimit === 'refuse' || mine.length < limits.maxSessionsPerPrincipal)
          return store.create(record, limits);
        const victim = oldest(idle(mine, limits.busy));
        await tick();
        if (victim === undefined) return 'limit';
        store.delete(victim);
        return store.create(record, UNLIMITED) && { evicted: [victim] };
      },
    },
    'where it evicts, and each eviction is told once',
  ],
  [
    'claims an eviction that a deletion forestalled',
    {
      async create(store, record, limits) {
        const mine = store.list(record.principal);
        const victim =
          mine.length < limits.maxSessionsPerPrincipal ? undefined : oldest(idle(mine, limits.busy));
        await tick();
        const outcome = store.create(record, limits);
        return outcome === 'limit' || victim === undefined ? outcome : { evicted: [victim] };
      },
    },
    'deleted at the same time, exactly one',
  ],
  [
    'lets one too many in',
    {
      create: (store, record, limits) =>
        store.create(record, { ...limits, maxSessionsPerPrincipal: limits.maxSessionsPerPrincipal + 1 }),
    },
    'exceed maxSessionsPerPrincipal, where it refuses',
  ],
  [
    'refuses, and keeps all the same',
    {
      create(store, record, limits) {
        const outcome = store.create(record, limits);
        if (outcome === 'limit') store.create(record, UNLIMITED);
        return outcome;
      },
    },
    'what create refuses is not kept',
  ],
  [
    'never gives a place back',
    () => {
      let created = 0;
      return {
        create(store, record, limits) {
          const outcome = created < limits.maxSessions ? store.create(record, limits) : 'limit';
          if (outcome !== 'limit') created += 1;
          return outcome;
        },
      };
    },
    'leaves its place to another',
  ],
  [
    'does not tell whom it evicted',
    {
      create: (store, record, limits) =>
        store.create(record, limits) === 'limit' ? 'limit' : { evicted: [] },
    },
    'evict-idle removes the one',
  ],
  [
    'evicts what was created first',
    owning(undefined, (mine, busy) => idle(mine, busy)[0]?.id),
    'evict-idle removes the one',
  ],
  [
    'evicts what was used last',
    owning(undefined, (mine, busy) => idle(mine, busy).at(-1)?.id),
    'evict-idle removes the one',
  ],
  [
    'evicts before it must',
    {
      create: (store, record, limits) =>
        store.create(record, { ...limits, maxSessionsPerPrincipal: limits.maxSessionsPerPrincipal - 1 || 1 }),
    },
    'removes nothing while there is room',
  ],
  ['evicts what is busy', owning(undefined, oldest), 'never removes a busy session'],
  [
    'evicts what is busy elsewhere',
    owning(undefined, (mine, busy) => oldest(mine.filter(({ id }) => !busy.includes(id)))),
    'one whose busyUntil is to come',
  ],
  [
    'evicts what is busy elsewhere where nothing else is left',
    owning(
      undefined,
      (mine, busy) => oldest(idle(mine, busy)) ?? oldest(mine.filter(({ id }) => !busy.includes(id))),
    ),
    'where all are busy until a time to come',
  ],
  [
    'takes what was busy once for busy',
    owning(undefined, (mine, busy) =>
      oldest(idle(mine, busy).filter(({ busyUntil }) => busyUntil === undefined)),
    ),
    'where all are busy until a time to come',
  ],
  [
    'evicts what is busy where nothing else is left',
    owning(undefined, (mine, busy) => oldest(idle(mine, busy)) ?? oldest(mine)),
    'where all are busy it refuses',
  ],
  [
    'evicts anybody at maxSessions',
    {
      create(store, record, limits) {
        const all = store.list({});
        const victim = all.length < limits.maxSessions ? undefined : oldest(all);
        if (victim === undefined) return store.create(record, limits);
        store.delete(victim);
        return store.create(record, UNLIMITED) && { evicted: [victim] };
      },
    },
    'at maxSessions it never evicts',
  ],
  [
    "evicts the principal's own at maxSessions",
    {
      create(store, record, limits) {
        const mine = store.list({}).length < limits.maxSessions ? [] : store.list(record.principal);
        const victim = limits.onLimit === 'refuse' ? undefined : oldest(mine);
        if (victim === undefined) return store.create(record, limits);
        store.delete(victim);
        return store.create(record, UNLIMITED) && { evicted: [victim] };
      },
    },
    'at maxSessions it never evicts',
  ],
  [
    'takes a subject for an identity',
    owning(({ principal }) => principal.subject),
    "nobody's sessions count",
  ],
  [
    'does not look at the tenant',
    owning(({ principal: { issuer, subject } }) => JSON.stringify([issuer, subject])),
    "nobody's sessions count",
  ],
];
