import { setPrincipal } from '../../lib/authentication/set-principal.js';
import { headerSessionId } from '../../lib/http/session-id.js';
import { requestState } from '../../lib/request-state.js';
import type { Sabotage } from './sabotage.js';

/** Each takes one defence out. */
export const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'whoever has the id of a session is taken for its owner': {
    beforeBinding: (records) => async (request, _response, next) => {
      const sent = headerSessionId(request);
      const record = sent.kind === 'sent' ? await records.get(sent.id) : undefined;
      if (record && requestState(request).principal)
        setPrincipal(request, requestState(request), record.principal);
      next();
    },
  },
  'a timer is left behind': {
    beforeBinding: () => (_request, _response, next) => {
      setInterval(() => {}, 1_000_000);
      next();
    },
  },
  'failures are forgotten': {
    logins: (store) => ({
      reserve: (keys, budget) => store.reserve(keys, budget),
      settle: (reservation, outcome, budget) =>
        store.settle(reservation, outcome === 'failed' ? 'released' : outcome, budget),
    }),
  },
  'failures of one address count for that address alone': {
    logins: (store) => ({
      reserve: ({ account: _account, ...keys }, budget) => store.reserve(keys, budget),
      settle: (reservation, outcome, budget) => store.settle(reservation, outcome, budget),
    }),
  },
  'who is disabled stays in': {
    verifier: (verifier) => ({ ...verifier, isActive: () => true }),
  },
  'an outage is a proof': {
    verifier: (verifier) => ({
      ...verifier,
      verify: async (credentials, context) => {
        try {
          return await verifier.verify(credentials, context);
        } catch {
          return { subject: 'ada' };
        }
      },
    }),
  },
  'a token has no end': {
    verifier: (verifier) => ({
      ...verifier,
      verify: async (credentials, context) => {
        const principal = await verifier.verify(credentials, context);
        return principal && { subject: principal.subject };
      },
    }),
  },
  'a login is undone twice': {
    verifier: (verifier) => ({
      ...verifier,
      endSession: async (principal, context) => {
        await verifier.endSession?.(principal, context);
        await verifier.endSession?.(principal, context);
      },
    }),
  },
  'a login is not undone': {
    verifier: ({ endSession: _endSession, ...verifier }) => verifier,
  },
  'a secret is an account’s name in events': {
    verifier: (verifier) => ({
      ...verifier,
      verify: async (credentials, context) => {
        const principal = await verifier.verify(credentials, context);
        return principal && { ...principal, subject: context.request?.headers.authorization ?? '' };
      },
    }),
  },
  'the limit of sessions is not kept': {
    sessions: (store) => ({
      create: (record, limits) => store.create(record, { ...limits, maxSessionsPerPrincipal: 100 }),
      get: (id) => store.get(id),
      update: (id, changes) => store.update(id, changes),
      delete: (id, reason) => store.delete(id, reason),
      list: (filter) => store.list(filter),
    }),
  },
};

/** Each takes out what holds where calls run into each other, and leaves what one call after the other shows. */
export const RACY: Readonly<Record<string, Sabotage>> = {
  'attempts under way count for nothing': {
    logins: (store) => ({
      async reserve(keys, budget) {
        const reservation = await store.reserve(keys, budget);
        if (reservation.status === 'reserved') await store.settle(reservation, 'released', budget);
        return reservation;
      },
      async settle({ keys }, outcome, budget) {
        const late = await store.reserve(keys, budget);
        if (late.status === 'reserved') await store.settle(late, outcome, budget);
      },
    }),
  },
  'whoever has the id of a session is taken for its owner': SABOTAGES[
    'whoever has the id of a session is taken for its owner'
  ] as Sabotage,
  'who is disabled stays in': SABOTAGES['who is disabled stays in'] as Sabotage,
};
