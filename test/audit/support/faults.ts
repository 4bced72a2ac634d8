import type { AuditPlan } from '../../../lib/audit/audit.js';

/** What a faulty server can do wrong, and the finding that must come of it. */
export const FAULTS = {
  'serves initialize to anybody': 'unauthenticated-opening',
  'serves tools/list to anybody': 'unauthenticated-tools',
  'streams to anybody': 'unauthenticated-stream',
  'deletes for anybody': 'unauthenticated-delete',
  'takes a session id for a credential': 'session-without-credential',
  'serves PUT without looking': 'other-method-served',
  'ends a session on HEAD': 'other-method-ends-session',
  'echoes TRACE': 'trace-echoes',
  'serves foreign requests': 'hijack-request',
  'accepts foreign notifications': 'hijack-notification',
  'streams a foreign session': 'hijack-stream',
  'deletes a foreign session': 'hijack-delete',
  'replays a foreign session': 'replay-to-others',
  'replays from any session': 'replay-to-others',
  'says that a session is foreign': 'session-oracle',
  'adopts session ids': 'session-fixation',
  'adopts session ids in silence': 'session-fixation',
  'refuses a stale id': 'stale-session-id',
  'gives one id to all': 'session-id-repeats',
  'counts its sessions': 'session-id-guessable',
  'gives short ids': 'session-id-guessable',
  'puts a space into ids': 'session-id-characters',
  'keeps sessions after DELETE': 'session-survives-delete',
  'answers 400 for ended sessions': 'ended-session-status',
  'answers 400 for unknown sessions': 'unknown-session-status',
  'keeps sessions in an object': 'odd-session-id-error',
  'serves any Origin': 'foreign-origin-served',
  'answers 400 for a foreign Origin': 'foreign-origin-status',
  'serves any Host': 'foreign-host-served',
  'reflects the origin': 'cors-reflects-origin',
  'allows all origins with credentials': 'cors-any-origin-with-credentials',
  'reads text/plain': 'plain-text-served',
  'trusts Mcp-Method': 'header-mismatch-served',
  'shows a stack': 'leak-stack-trace',
  'shows a path': 'leak-file-path',
  'shows the database': 'leak-database-text',
  'shows a page': 'leak-error-page',
  'shows what it is made with': 'leak-product',
  'breaks on bad JSON': 'malformed-breaks-server',
  'names no metadata that is there': 'resource-metadata-unreachable',
  'names metadata that is no URL': 'resource-metadata-unreachable',
  'answers 403 for no credential': 'refusal-status',
  'challenges nobody': 'challenge-missing',
  'forgets a quote': 'challenge-malformed',
  'names no realm': 'challenge-malformed',
  'gives Bearer no parameter': 'challenge-malformed',
  'always says invalid_token': 'challenge-error-without-credentials',
  'never says invalid_token': 'challenge-without-invalid-token',
  'passes over what it cannot read': 'unusable-credential-served',
  'breaks on what it cannot read': 'unusable-credential-breaks-server',
  'takes the first of two credentials': 'two-credentials-served',
  'takes any access_token': 'query-token',
  'looks at access_token': 'query-token',
  'takes any Bearer token': 'wrong-credential-served',
  'takes any password': 'wrong-credential-served',
  'breaks on a wrong credential': 'wrong-credential-breaks-server',
  'limits no passwords': 'guesses-unlimited',
  'limits no tokens': 'token-guesses-unlimited',
  'says not when to come back': 'throttle-without-retry-after',
  'streams HTTP+SSE to anybody': 'sse-unauthenticated',
  'takes an SSE session for a credential': 'sse-hijack',
  'serves a foreign SSE session': 'sse-hijack',
  'says that an SSE session is foreign': 'sse-session-oracle',
} as const;

export type FaultName = keyof typeof FAULTS;

/** What else must be asked for, so that a fault can show. */
export const SHOWN_BY: Partial<Record<FaultName, Partial<AuditPlan>>> = {
  'limits no tokens': { first: [['Authorization', 'Bearer token-of-ada']] },
};

/** What is true as well on a server with this fault. */
const COMPANIONS: Partial<Record<FaultName, readonly string[]>> = {
  'deletes for anybody': ['hijack-delete'],
  'takes a session id for a credential': [
    ...['hijack-delete', 'hijack-notification', 'hijack-request', 'hijack-stream'],
    'replay-to-others',
  ],
  'streams a foreign session': ['replay-to-others'],
  'gives Bearer no parameter': ['challenge-without-invalid-token'],
  'breaks on a wrong credential': ['refusal-status'],
};

/** The ids of all that must be found on a server with this fault, sorted. */
export const provenBy = (name: FaultName): readonly string[] =>
  [FAULTS[name], ...(COMPANIONS[name] ?? [])].sort();
