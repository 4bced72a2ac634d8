import type { Target } from '../target.js';
import { accountKeyTarget } from './account-key.js';
import { authorizationTarget, basicBytesTarget, basicTarget, bearerTarget } from './authorization.js';
import { challengeTarget } from './challenge.js';
import { clientKeyTarget } from './client-key.js';
import { headersTarget, sessionIdTarget } from './headers.js';
import { hostTarget, originTarget } from './host.js';
import { jsonBytesTarget, jsonTarget } from './json.js';
import { jsonTypeTarget } from './json-type.js';
import { queryTarget } from './query.js';

/** Everything that reads what strangers send. */
export const targets: readonly Target[] = [
  basicTarget(),
  basicBytesTarget(),
  bearerTarget(),
  authorizationTarget(),
  headersTarget(),
  sessionIdTarget(),
  challengeTarget(),
  accountKeyTarget(),
  clientKeyTarget(),
  hostTarget(),
  originTarget(),
  jsonTarget(),
  jsonBytesTarget(),
  jsonTypeTarget(),
  queryTarget(),
];
