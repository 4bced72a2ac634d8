import { expect } from 'chai';

import {
  type BasicCredentials,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpServiceAccount,
  mcpSessionBinding,
} from '../../lib/index.js';
import { basic, initialize, toolCall } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { type Counted, passwords, right } from './support/people.js';
import { bodyOf, exchange, MCP_LINES, rawRequest, statusOf } from './support/raw.js';
import { begin, use } from './support/sessions.js';

interface Place extends Served {
  readonly verifier: Counted<BasicCredentials>;
  runs: number;
}

async function openPlace({ hasServiceAccount = false } = {}): Promise<Place> {
  const verifier = passwords(['alice']);
  const served = await serve(
    mcpLoginLimiter({ points: 1000 }),
    mcpBasicAuth({ verifier }),
    ...(hasServiceAccount ? [mcpServiceAccount({ principal: { subject: 'service' } })] : []),
    mcpSessionBinding(),
    mcpHandler({
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          place.runs += 1;
        }),
    }),
  );
  const place: Place = { ...served, verifier, runs: 0 };
  return place;
}

function send({ port }: Place, line: string, headers: readonly string[] = [], body = ''): Promise<string> {
  return exchange(port, rawRequest(line, [...MCP_LINES, 'Connection: close', ...headers], body));
}

const CALL = JSON.stringify(toolCall('whoami'));
const WRONG = `Authorization: ${basic('alice', 'wrong')}`;
const RIGHT = `Authorization: ${right('alice')}`;

/** Spellings of the path: whether Express takes them for `/mcp` is its business, what happens then is ours. */
const PATHS: Readonly<Record<string, number>> = {
  '/mcp': 401,
  '/mcp/': 401,
  '/MCP': 401,
  '/mCp': 401,
  '/mcp?': 401,
  '/mcp?x=1': 401,
  '/mcp#x': 401,
  '/mcp/anything': 401,
  '/mcp//': 401,
  '/mcp/..': 401,
  '/mcp;x=1': 404,
  '//mcp': 404,
  '/./mcp': 404,
  '/x/../mcp': 404,
  '/%6dcp': 404,
  '/%6Dcp': 404,
  '/mcp%2f': 404,
  '/mcp%00': 404,
  '/mcp.json': 404,
  '/mcpx': 404,
  'http://127.0.0.1/mcp': 401,
  'http://evil.example/mcp': 401,
};

for (const [path, status] of Object.entries(PATHS)) {
  it(`B17: ${path}: ${status === 401 ? 'the same pipeline' : 'no way in'}`, async () => {
    await using place = await openPlace();
    for (const method of ['POST', 'GET', 'DELETE']) {
      for (const headers of [[], [WRONG]]) {
        const reply = await send(place, `${method} ${path}`, headers, method === 'POST' ? CALL : '');
        expect(statusOf(reply), `${method} ${headers}`).to.equal(status);
      }
    }
    expect(place.verifier.asked.length, 'V').to.equal(status === 401 ? 1 : 0);
    expect(place.runs).to.equal(0);
  });
}

for (const method of [
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'PATCH',
  'PROPFIND',
  'LOCK',
  'SEARCH',
  'QUERY',
  'PURGE',
  'LINK',
  'M-SEARCH',
]) {
  it(`B17: ${method}: 405 or 400, no verifier, no session, no tool`, async () => {
    await using place = await openPlace({ hasServiceAccount: true });
    const session = await begin(place.url, right('alice'));
    const before = place.verifier.asked.length;
    for (const headers of [
      [],
      [WRONG],
      [RIGHT],
      [RIGHT, `Mcp-Session-Id: ${session}`],
      [`Mcp-Session-Id: ${session}`],
    ]) {
      const reply = await send(place, `${method} /mcp`, headers, method === 'HEAD' ? '' : CALL);
      // 400: Node itself does not know the method.
      expect(statusOf(reply), reply).to.be.oneOf([405, 400]);
      if (statusOf(reply) === 405) expect(reply).to.match(/\r\nAllow: GET, POST, DELETE\r\n/);
    }
    expect(place.verifier.asked).to.have.length(before);
    expect(place.runs).to.equal(0);
    expect((await use(place.url, right('alice'), session)).status).to.equal(200);
  });
}

it('B17: method names are exact', async () => {
  await using place = await openPlace();
  for (const method of ['post', 'Post', 'get', 'delete', 'POST\t', 'XPOST']) {
    expect(statusOf(await send(place, `${method} /mcp`, [RIGHT], CALL)), method).to.equal(400);
  }
  expect(place.verifier.asked).to.deep.equal([]);
});

const OVERRIDES: readonly (readonly [string, readonly string[]])[] = [
  ['/mcp?_method=DELETE', []],
  ['/mcp?_method=GET', []],
  ['/mcp', ['X-HTTP-Method-Override: DELETE']],
  ['/mcp', ['X-HTTP-Method: DELETE']],
  ['/mcp', ['X-Method-Override: DELETE', '_method: DELETE']],
];

for (const [path, headers] of OVERRIDES) {
  it(`B17: POST ${[path, ...headers].join(' ')} is a POST`, async () => {
    await using place = await openPlace();
    const session = await begin(place.url, right('alice'));
    const own = [RIGHT, `Mcp-Session-Id: ${session}`, ...headers];
    const notification =
      '{"jsonrpc":"2.0","method":"notifications/initialized","params":{"_method":"DELETE"}}';
    expect(statusOf(await send(place, `POST ${path}`, own, notification))).to.equal(202);
    expect((await use(place.url, right('alice'), session)).status).to.equal(200);
    const refused = await send(place, `POST ${path}`, headers, CALL);
    expect(statusOf(refused)).to.equal(401);
  });
}

it('B17: an Upgrade and a CONNECT reach nothing', async () => {
  await using place = await openPlace({ hasServiceAccount: true });
  const upgrade = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  const asked = exchange(place.port, rawRequest('GET /mcp', [...MCP_LINES, ...upgrade, WRONG]), /\r\n\r\n/);
  expect(statusOf(await asked)).to.equal(401);
  expect(await exchange(place.port, rawRequest('CONNECT /mcp', [...MCP_LINES, WRONG]))).not.to.match(
    /^HTTP\/1\.1 2/,
  );
});

it('B17: the next request on one connection is not served as the caller of the one before', async () => {
  await using place = await openPlace();
  const body = JSON.stringify(initialize());
  const both =
    rawRequest('POST /mcp', [...MCP_LINES, RIGHT], body) +
    rawRequest('POST /mcp', [...MCP_LINES, 'Connection: close'], body);
  const replies = (await exchange(place.port, both)).split(/(?=HTTP\/1\.1 )/);
  expect(replies.map(statusOf)).to.deep.equal([200, 401]);
});

it('B17: a request smuggled into a body that nobody reads is no request', async () => {
  await using place = await openPlace();
  const hidden = rawRequest(
    'POST /mcp',
    [...MCP_LINES, RIGHT, 'Connection: close'],
    JSON.stringify(initialize()),
  );
  const reply = await send(place, 'POST /mcp', [], hidden);
  expect(reply.match(/HTTP\/1\.1 /g)).to.have.length(1);
  expect(JSON.parse(bodyOf(reply)).error.data.code).to.equal('missing_credentials');
  expect(place.verifier.asked).to.deep.equal([]);
});
