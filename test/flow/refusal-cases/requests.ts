import { mcpOriginGuard, mcpTlsGuard } from '../../../lib/index.js';

import { both, bound, CANARY, handler, json, post, type RefusalCase, right } from './parts.js';

export const requests: readonly RefusalCase[] = [
  ...['', '{', `{"${CANARY}":`, '\ufeff{}', '{"__proto__":{}}', 'undefined'].map(
    (body): RefusalCase => ({
      title: `the body ${JSON.stringify(body)}`,
      code: 'invalid_body',
      guards: bound(),
      request: json(body),
    }),
  ),
  {
    title: 'a body that is too large',
    code: 'body_too_large',
    guards: bound(handler({ maxBodyBytes: 20 })),
    request: json(JSON.stringify(CANARY.repeat(9))),
  },
  ...['text/plain', `text/${CANARY}`, 'application/json; charset=utf-16', 'application/jsonx'].map(
    (type): RefusalCase => ({
      title: `a body of ${type}`,
      code: 'unsupported_media_type',
      guards: bound(),
      request: json('{}', type),
    }),
  ),
  ...['PUT', 'PATCH', 'OPTIONS'].flatMap((method): RefusalCase[] => [
    {
      title: `${method} with sessions`,
      code: 'method_not_allowed',
      guards: bound(),
      request: { method, headers: right },
      allow: 'GET, POST, DELETE',
    },
    {
      title: `${method} without sessions`,
      code: 'method_not_allowed',
      guards: both,
      request: { method, headers: right },
      allow: 'POST',
    },
  ]),
  ...['GET', 'DELETE'].map(
    (method): RefusalCase => ({
      title: `${method} without sessions`,
      code: 'method_not_allowed',
      guards: both,
      request: { method, headers: right },
      allow: 'POST',
    }),
  ),
  ...['*/*', 'application/json', 'text/event-stream', `text/${CANARY}`].map(
    (accept): RefusalCase => ({
      title: `Accept: ${accept}`,
      code: 'not_acceptable',
      guards: bound(),
      request: post({ ...right, accept }),
    }),
  ),
  {
    title: 'a Host that is not ours',
    code: 'forbidden_origin',
    guards: () => [mcpOriginGuard(), ...both()],
    request: post({ ...right, host: `${CANARY}.example` }),
  },
  {
    title: 'an Origin that is not ours',
    code: 'forbidden_origin',
    guards: () => [mcpOriginGuard(), ...both()],
    request: post({ ...right, origin: `https://${CANARY}.example` }),
  },
  {
    title: 'plain HTTP',
    code: 'tls_required',
    guards: () => [mcpTlsGuard(), ...both()],
    request: post({ ...right, 'x-forwarded-for': CANARY }),
  },
];
