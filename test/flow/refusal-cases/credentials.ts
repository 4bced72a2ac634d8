import {
  mcpBasicAuth,
  mcpBearerAuth,
  mcpPassport,
  mcpRequireAuth,
  mcpServiceAccount,
  mcpTokenGuard,
  type Principal,
} from '../../../lib/index.js';
import { basic } from '../../support/call.js';
import { BASIC, BEARER, INVALID_TOKEN } from '../../support/refusal.js';

import {
  ANN,
  BOTH,
  basicOnly,
  bearerOnly,
  both,
  CANARY,
  handler,
  LISTED,
  METADATA,
  NEITHER,
  post,
  type RefusalCase,
  right,
  throwing,
  token,
  twice,
  users,
  wrong,
} from './parts.js';

export const credentials: readonly RefusalCase[] = [
  { title: 'no credential', code: 'missing_credentials', guards: both, request: post({}), challenges: BOTH },
  {
    title: 'no credential, at the gate alone, where only one scheme was met',
    code: 'missing_credentials',
    guards: () => [
      mcpBasicAuth({ verifier: users }),
      mcpRequireAuth(),
      mcpBearerAuth({ verifier: () => null }),
    ],
    request: post({}),
    challenges: [BASIC],
  },
  {
    title: 'no credential, and no authentication guard',
    code: 'missing_credentials',
    guards: () => [handler()],
    request: post({}),
    challenges: [BEARER],
  },
  ...['Basic', 'basic x', basic('', 'right'), 'Bearer', `Token ${CANARY}`].map(
    (authorization): RefusalCase => ({
      title: `${authorization.split(' ')[0]}, unusable, in spite of a service account`,
      code: 'malformed_credentials',
      guards: () => [
        mcpBearerAuth({ verifier: () => ANN, ...LISTED }),
        mcpBasicAuth({ verifier: users }),
        mcpServiceAccount({ principal: ANN }),
        handler(),
      ],
      request: post({ authorization }),
      challenges: [
        `Bearer realm="mcp", resource_metadata="${METADATA}"`,
        ...(authorization === 'Bearer' ? NEITHER : [BASIC]),
      ],
    }),
  ),
  {
    title: 'a wrong password',
    code: 'invalid_credentials',
    guards: () => [mcpBearerAuth({ verifier: () => ANN }), ...both()],
    request: post(wrong),
    challenges: [BEARER, BASIC],
  },
  {
    title: 'a wrong token',
    code: 'invalid_credentials',
    guards: () => [mcpBasicAuth({ verifier: users }), mcpBearerAuth({ verifier: () => null, ...LISTED })],
    request: post(token),
    challenges: [`Bearer realm="mcp", error="invalid_token", resource_metadata="${METADATA}"`, BASIC],
  },
  {
    title: 'an expired token',
    code: 'invalid_credentials',
    guards: bearerOnly({ verifier: () => ({ subject: 'ann', expiresAt: 1 }) }),
    request: post(token),
    challenges: [INVALID_TOKEN],
  },
  {
    title: 'a token for another resource',
    code: 'invalid_credentials',
    guards: bearerOnly({
      verifier: () => ({ subject: 'ann', claims: { aud: 'https://other.example' } }),
      expectedResource: 'https://api.example.com/mcp',
    }),
    request: post(token),
    challenges: [INVALID_TOKEN],
  },
  {
    title: 'a token for no resource',
    code: 'invalid_credentials',
    guards: bearerOnly({ verifier: () => ANN, expectedResource: 'https://api.example.com/mcp' }),
    request: post(token),
    challenges: [INVALID_TOKEN],
  },
  {
    title: 'an inactive person',
    code: 'invalid_credentials',
    guards: basicOnly({ verify: users, isActive: () => false }),
    request: post(right),
    challenges: [BASIC],
  },
  ...[{}, { 'x-mcp-token': CANARY }].map(
    (headers): RefusalCase => ({
      title: `${'x-mcp-token' in headers ? 'a wrong' : 'no'} shared token`,
      code: 'invalid_mcp_token',
      guards: () => [mcpTokenGuard({ token: 'of the house' }), ...both()],
      request: post({ ...right, ...headers }),
      challenges: ['MCP-Token realm="mcp"'],
    }),
  ),
  {
    title: 'two Authorization headers',
    code: 'ambiguous_credentials',
    guards: both,
    request: twice('Authorization', right.authorization),
  },
  {
    title: 'two shared tokens',
    code: 'ambiguous_credentials',
    guards: () => [mcpTokenGuard({ token: CANARY })],
    request: twice('X-MCP-Token', CANARY),
  },
  {
    title: 'a token in the query',
    code: 'ambiguous_credentials',
    guards: both,
    request: { ...post(right), path: `/mcp?access_token=${CANARY}` },
  },
  {
    title: 'credentials for two guards',
    code: 'ambiguous_credentials',
    guards: () => [
      mcpPassport<Principal>(
        { authenticate: throwing(new Error(CANARY)) },
        { scheme: 'X-API-Key', toPrincipal: (user) => user },
      ),
      mcpPassport<Principal>(
        {
          authenticate(this: { success(user: Principal): void }) {
            this.success(ANN);
          },
        } as never,
        { scheme: 'X-Other-Key', toPrincipal: (user) => user },
      ),
      ...both(),
    ],
    request: post({ ...right, 'x-other-key': CANARY }),
  },
];
