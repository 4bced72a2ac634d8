import { mcpBasicAuth, mcpSessionBinding } from '../../../lib/index.js';
import { basic, toolCall } from '../../support/call.js';

import { bound, broken, CANARY, handler, post, type RefusalCase, right, session, users } from './parts.js';

export const sessions: readonly RefusalCase[] = [
  ...['create', 'update'].map(
    (operation): RefusalCase => ({
      title: `a session store that cannot ${operation}`,
      code: 'unavailable',
      guards: () => [
        mcpBasicAuth({ verifier: { verify: users, startSession: (principal) => principal } }),
        mcpSessionBinding({ store: broken(operation) }),
        handler(),
      ],
      request: post(right),
    }),
  ),
  {
    title: 'a session store that cannot get',
    code: 'unavailable',
    guards: () => [mcpBasicAuth({ verifier: users }), mcpSessionBinding({ store: broken('get') }), handler()],
    request: session('A'.repeat(43)),
  },
  ...['POST', 'GET', 'DELETE'].flatMap((method) =>
    ['A'.repeat(43), `${CANARY}-of-another-shape`, '!'].map(
      (id): RefusalCase => ({
        title: `${method} on the unknown session ${id}`,
        code: 'session_not_found',
        guards: bound(),
        request: session(id, method),
      }),
    ),
  ),
  ...[`a b`, `${CANARY}\t`, 'caf\u00e9', ''].map(
    (id): RefusalCase => ({
      title: `the session id ${JSON.stringify(id)}`,
      code: 'invalid_session_id',
      guards: bound(),
      request: session(`${id}${id.endsWith('\t') ? 'x' : ''}`),
    }),
  ),
  {
    title: 'two session ids',
    code: 'invalid_session_id',
    guards: bound(),
    request: {
      headers: ['Authorization', right.authorization, 'Mcp-Session-Id', CANARY, 'mcp-session-id', CANARY],
    },
  },
  ...['POST', 'GET', 'DELETE'].map(
    (method): RefusalCase => ({
      title: `${method} without a session`,
      code: 'session_required',
      guards: bound(),
      request: { method, headers: right, ...(method === 'POST' && { body: toolCall('whoami') }) },
    }),
  ),
  {
    title: 'one session too many',
    code: 'session_limit',
    guards: () => [mcpBasicAuth({ verifier: users }), mcpSessionBinding({ maxSessions: 1 }), handler()],
    after: [post({ authorization: basic('ben', 'right') })],
    request: post(right),
  },
];
