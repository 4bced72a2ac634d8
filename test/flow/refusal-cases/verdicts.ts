import { McpGuardError, mcpBasicAuth, mcpLoginLimiter } from '../../../lib/index.js';
import { basic } from '../../support/call.js';

import {
  ANN,
  basicOnly,
  bearerOnly,
  bound,
  CANARY,
  handler,
  LISTED,
  limited,
  METADATA,
  post,
  type RefusalCase,
  right,
  throwing,
  token,
  users,
  wrong,
} from './parts.js';

export const verdicts: readonly RefusalCase[] = [
  {
    title: 'a verifier that refuses by policy',
    code: 'forbidden',
    guards: basicOnly(throwing(new McpGuardError('forbidden', { cause: new Error(CANARY) }))),
    request: post(right),
  },
  {
    title: 'createServer that refuses by policy',
    code: 'forbidden',
    guards: bound(handler({ createServer: throwing(new McpGuardError('forbidden')) })),
    request: post(right),
  },
  {
    title: 'a missing scope',
    code: 'insufficient_scope',
    guards: bearerOnly({ verifier: () => ANN, requiredScopes: ['mcp', 'write'], ...LISTED }),
    request: post(token),
    challenges: [
      `Bearer realm="mcp", error="insufficient_scope", scope="mcp write", resource_metadata="${METADATA}"`,
    ],
  },
  {
    title: 'too many failures',
    code: 'too_many_attempts',
    guards: () => [mcpLoginLimiter({ points: 1, durationSeconds: 7200 }), mcpBasicAuth({ verifier: users })],
    after: [post({ authorization: basic('ann', 'wrong') })],
    request: post(wrong),
    retryAfter: '7200',
  },
  ...(
    [
      [0.2, '1'],
      [29.3, '30'],
      [-5, '1'],
    ] as const
  ).map(
    ([retryAfterSeconds, retryAfter]): RefusalCase => ({
      title: `too many failures, for ${retryAfterSeconds} s`,
      code: 'too_many_attempts',
      guards: limited({ status: 'full', retryAfterSeconds }),
      request: post(right),
      retryAfter,
    }),
  ),
  {
    title: 'a limiter that is down',
    code: 'unavailable',
    guards: limited(new Error(CANARY)),
    request: post(right),
  },
  {
    title: 'a verifier that is down',
    code: 'unavailable',
    guards: basicOnly(throwing(new Error(CANARY))),
    request: post(right),
  },
];
