import type { Check } from '../trial.js';
import { bruteForce } from './brute-force.js';
import { challenges } from './challenges.js';
import { contentType } from './content-type.js';
import { cors } from './cors.js';
import { errorLeaks } from './error-leaks.js';
import { host } from './host.js';
import { legacySse } from './legacy-sse.js';
import { modernHeaders } from './modern-headers.js';
import { oddIds } from './odd-session-ids.js';
import { origin } from './origin.js';
import { otherMethods } from './other-methods.js';
import { queryToken } from './query-token.js';
import { resourceMetadata } from './resource-metadata.js';
import { sessionEnds } from './session-ends.js';
import { sessionFixation } from './session-fixation.js';
import { sessionHijack } from './session-hijack.js';
import { sessionIds } from './session-ids.js';
import { sessionOracle } from './session-oracle.js';
import { sessionReplay } from './session-replay.js';
import { sessionWithoutCredential } from './session-without-credential.js';
import { transportSecurity } from './transport-security.js';
import { twoCredentials } from './two-credentials.js';
import { unauthenticatedAccess } from './unauthenticated-access.js';
import { unusableCredentials } from './unusable-credentials.js';
import { wrongCredentials } from './wrong-credentials.js';

/**
 * Every check, in the order in which they run: those that present wrong credentials come last, since a limiter that
 * works holds up what comes after them.
 */
export const allChecks: readonly Check[] = [
  transportSecurity,
  unauthenticatedAccess,
  sessionWithoutCredential,
  otherMethods,
  sessionHijack,
  sessionReplay,
  sessionOracle,
  sessionFixation,
  sessionIds,
  sessionEnds,
  oddIds,
  origin,
  host,
  cors,
  contentType,
  modernHeaders,
  legacySse,
  errorLeaks,
  resourceMetadata,
  challenges,
  unusableCredentials,
  twoCredentials,
  queryToken,
  wrongCredentials,
  bruteForce,
];
