import { matchesFilter } from '../../../lib/principal.js';
import type { SessionRecord } from '../../../lib/types.js';
import { type Broken, listing, naming, owning } from '../faulty-store.js';

const like = (text: string | undefined, pattern: string | undefined): boolean =>
  pattern === undefined ||
  new RegExp(`^${pattern.replace(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll('*', '.*')}$`, 's').test(
    text ?? '',
  );

export const comparing: readonly Broken[] = [
  ['does not filter', listing(() => true), 'list {"subject":"ada"}'],
  [
    'filters by subject alone',
    listing(({ principal }, { subject }) => subject === undefined || subject === principal.subject),
    'list {"issuer":"i"}',
  ],
  [
    'does not filter by tenant',
    listing(({ principal }, { tenant: _, ...filter }) => matchesFilter(principal, filter)),
    'list {"subject":"ada","tenant":"t"}',
  ],
  [
    'takes what is left out for what is absent',
    listing(
      ({ principal }, { subject = principal.subject, issuer, tenant }) =>
        principal.subject === subject && principal.issuer === issuer && principal.tenant === tenant,
    ),
    'list {}',
  ],
  [
    'takes what is absent for whatever is named',
    listing(({ principal }, filter) => matchesFilter({ ...filter, ...principal }, filter)),
    'list {"issuer":"i","tenant":"t"}',
  ],
  [
    'needs a subject to filter by',
    listing(({ principal }, filter) => filter.subject !== undefined && matchesFilter(principal, filter)),
    'list {"tenant":"t"}',
  ],
  [
    'takes one match for all',
    listing(
      ({ principal }, filter) =>
        Object.keys(filter).length === 0 ||
        Object.entries(filter).some(([name, value]) => principal[name as 'subject'] === value),
    ),
    'list {"subject":"ada","issuer":"i"}',
  ],
  [
    'never finds an issuer and a tenant together',
    listing(
      ({ principal }, filter) =>
        !(filter.issuer && filter.tenant && filter.subject) && matchesFilter(principal, filter),
    ),
    'list {"subject":"ada","issuer":"i","tenant":"t"}',
  ],
  [
    'finds somebody for everybody',
    listing(({ principal }, filter) => filter.subject === 'bob' || matchesFilter(principal, filter)),
    'list {"subject":"bob"}',
  ],
  [
    'filters issuers by prefix',
    listing(
      ({ principal }, { issuer, ...filter }) =>
        matchesFilter(principal, filter) && (issuer === undefined || issuer >= (principal.issuer ?? '')),
    ),
    'list {"subject":"ada","issuer":"k"}',
  ],
  [
    'filters subjects by prefix',
    listing(
      ({ principal }, { subject = '', ...filter }) =>
        matchesFilter(principal, filter) && principal.subject.startsWith(subject),
    ),
    'list {"subject":"ad"}',
  ],
  [
    'filters subjects by wildcards',
    listing(
      ({ principal }, { subject, ...filter }) =>
        matchesFilter(principal, filter) && like(principal.subject, subject),
    ),
    'subjects with delimiters, wildcards',
  ],
  [
    'filters issuers by wildcards',
    listing(
      ({ principal }, { issuer, ...filter }) =>
        matchesFilter(principal, filter) && like(principal.issuer, issuer),
    ),
    'issuers and tenants with delimiters',
  ],
  [
    'lists ids alone',
    { list: (store, filter) => store.list(filter).map(({ id }) => ({ id, principal: { subject: '' } })) },
    'list answers whole records',
  ],
  [
    'has nothing to say of an empty store',
    {
      list: (store, filter) => (store.list({}).length === 0 ? null : store.list(filter)),
    },
    'list is empty where nothing is kept',
  ],
  ['folds the case of ids', naming((id) => id.toLowerCase()), 'ids with delimiters'],
  ['trims ids', naming((id) => id.trim()), 'ids with delimiters'],
  ['normalises ids', naming((id) => id.normalize('NFC')), 'ids with delimiters'],
  ['keeps ids in a plain object', naming((id) => (id in {} ? 'inherited' : id)), 'ids with delimiters'],
  [
    'folds the case of subjects',
    owning(({ principal }) =>
      JSON.stringify([principal.issuer, principal.tenant, principal.subject.toLowerCase()]),
    ),
    'subjects with delimiters',
  ],
  [
    'joins identities with a colon',
    owning(({ principal: { issuer, tenant, subject } }) =>
      [issuer, tenant, subject].filter(Boolean).join(':'),
    ),
    'identities are their three parts',
  ],
  [
    'takes what is absent for the text of nothing',
    owning(({ principal: { issuer, tenant, subject } }) =>
      JSON.stringify([`${issuer}`, `${tenant}`, subject]),
    ),
    'identities are their three parts',
  ],
  [
    'takes what is absent for what is empty',
    owning(({ principal: { issuer = '', tenant = '', subject } }) =>
      JSON.stringify([issuer, tenant, subject]),
    ),
    'identities are their three parts',
  ],
  [
    'joins subject and id with a colon',
    {
      create(store, record, limits) {
        const keyOf = ({ id, principal }: SessionRecord): string => `${principal.subject}:${id}`;
        const same = store.list({}).find((other) => keyOf(other) === keyOf(record));
        if (same) store.delete(same.id);
        return store.create(record, limits);
      },
    },
    'a subject and an id are two things',
  ],
];
