import { expect } from 'chai';

import {
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  type Principal,
} from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { serve } from '../support/serve.js';
import { bearer, tokens } from './support/people.js';
import { begin, use } from './support/sessions.js';

/** No two of them are the same person; many are, to whoever glues strings together. */
const PEOPLE: readonly Principal[] = [
  { subject: 'a:b' },
  { subject: 'b', tenant: 'a' },
  { subject: 'b', issuer: 'a' },
  { subject: 'a', tenant: 'b' },
  { subject: 'a:b', tenant: 'c' },
  { subject: 'b:c', tenant: 'a' },
  { subject: 'c', tenant: 'a:b' },
  { subject: 'c', issuer: 'a', tenant: 'b' },
  { subject: 'c', issuer: 'a:b' },
  { subject: '["a",null,"c"]' },
  { subject: 'c', issuer: 'a' },
  { subject: 'c","x', issuer: 'a' },
  { subject: 'x', issuer: 'a', tenant: 'c' },
  { subject: 'c', issuer: '' },
  { subject: 'c', tenant: '' },
  { subject: 'c' },
  { subject: 'c', issuer: 'null' },
  { subject: 'c', tenant: 'null' },
  { subject: 'c', issuer: 'undefined' },
  { subject: 'null' },
  { subject: 'undefined' },
  { subject: '*' },
  { subject: '{x}' },
  { subject: '%' },
  { subject: '.*' },
  { subject: 'c\n' },
  { subject: 'c\r\n' },
  { subject: 'c\0' },
  { subject: 'c\\n' },
  { subject: ' c' },
  { subject: 'C' },
  { subject: 'ｃ' },
  { subject: '\ud800' },
  { subject: '\\ud800' },
  { subject: '\udfff' },
  { subject: '\ufffd' },
  { subject: '__proto__' },
  { subject: 'constructor' },
  { subject: 'toString' },
  { subject: 'hasOwnProperty', tenant: '__proto__' },
];

const tokenOf = (index: number): string => bearer(`person-${index}`);
const directory = Object.fromEntries(PEOPLE.map((principal, index) => [`person-${index}`, principal]));

it(`A6: none of ${PEOPLE.length} people with treacherous names is served on the session of another`, async () => {
  await using served = await serve(
    mcpBearerAuth({ verifier: tokens(directory) }),
    mcpSessionBinding(),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  const { url } = served;
  const sessions: string[] = [];
  for (const index of PEOPLE.keys()) sessions.push(await begin(url, tokenOf(index)));
  for (const owner of PEOPLE.keys()) {
    const codes = await Promise.all(
      PEOPLE.map(async (_, caller) => (await use(url, tokenOf(caller), sessions[owner] ?? '')).status),
    );
    const wanted = PEOPLE.map((_, caller) => (caller === owner ? 200 : 404));
    expect(codes, JSON.stringify(PEOPLE[owner])).to.deep.equal(wanted);
  }
});

it('A6: a name is not a pattern: revoking one person ends that person’s sessions alone', async () => {
  const sessions = mcpSessionBinding();
  await using served = await serve(
    mcpBearerAuth({ verifier: tokens(directory) }),
    sessions,
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  for (const index of PEOPLE.keys()) await begin(served.url, tokenOf(index));
  let left = PEOPLE.length;
  for (const subject of ['*', '{x}', '%', '.*', '__proto__', 'constructor', 'c\n', '\ud800', 'a:b']) {
    const same = PEOPLE.filter((principal) => principal.subject === subject).length;
    expect(await sessions.list({ subject }), subject).to.have.length(same);
    expect(await sessions.revoke({ subject }), subject).to.equal(same);
    left -= same;
    expect(await sessions.list(), subject).to.have.length(left);
  }
});

it('A6: one person’s cap on sessions takes nothing from a neighbour in name', async () => {
  await using served = await serve(
    mcpBearerAuth({ verifier: tokens(directory) }),
    mcpSessionBinding({ maxSessionsPerPrincipal: 1, onLimit: 'refuse' }),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  for (const index of PEOPLE.keys()) {
    await begin(served.url, tokenOf(index));
    const { status, code } = await call(served.url, {
      headers: { authorization: tokenOf(index) },
      body: initialize(),
    });
    expect([status, code]).to.deep.equal([503, 'session_limit']);
  }
});

/** Pairs whose parts, glued together, are the same text. */
const CREDENTIALS: readonly (readonly [string, string])[] = [
  ['alice', '1secret'],
  ['alice1', 'secret'],
  ['alice","', 'x'],
  ['alice', '","x'],
  ['alice"', ',"x'],
  ['["alice"', 'x"]'],
  ['alice|', 'x'],
  ['alice', '|x'],
  ['alice', ':x'],
  ['__proto__', 'x'],
];

it('A6: a proof is remembered for one user name and password, and for no other cut through the same text', async () => {
  for (const [username, password] of CREDENTIALS) {
    let verifications = 0;
    await using served = await serve(
      mcpBasicAuth({
        verifier: async (presented) => {
          verifications += 1;
          const isRight = presented.username === username && presented.password === password;
          return isRight ? { subject: username } : null;
        },
      }),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
    const statusOf = async (credentials: readonly [string, string]): Promise<number> =>
      (await call(served.url, { headers: { authorization: basic(...credentials) }, body: initialize() }))
        .status;
    expect(await statusOf([username, password])).to.equal(200);
    for (const other of CREDENTIALS.filter((pair) => pair[0] !== username || pair[1] !== password)) {
      expect(await statusOf(other), `${username} ${password} / ${other}`).to.equal(401);
    }
    expect(verifications).to.equal(CREDENTIALS.length);
  }
});

it('A6: a wrong credential is remembered as wrong for itself alone', async () => {
  await using served = await serve(
    mcpLoginLimiter({ points: 1000 }),
    mcpBasicAuth({
      verifier: async ({ username }) => (username === 'alice1' ? { subject: 'alice1' } : null),
    }),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  const statusOf = async (username: string, password: string): Promise<number> =>
    (await call(served.url, { headers: { authorization: basic(username, password) }, body: initialize() }))
      .status;
  expect(await statusOf('alice', '1secret')).to.equal(401);
  expect(await statusOf('alice1', 'secret')).to.equal(200);
});

it('A6: limiter keys of different clients and accounts never meet', async () => {
  const places: readonly (readonly [string, string])[] = [
    ['a', 'b|c'],
    ['a|b', 'c'],
    ['a', 'b,c'],
    ['a,b', 'c'],
    ['a","b', 'c'],
    ['a', 'b","c'],
    ['a', '*'],
    ['*', 'a'],
    ['__proto__', 'a'],
    ['a', '__proto__'],
    ['constructor', 'constructor'],
  ];
  let verifications = 0;
  await using served = await serve(
    mcpLoginLimiter({
      points: 1,
      keys: ['ip+account'],
      clientKey: (request) => decodeURIComponent(String(request.headers['x-client'])),
    }),
    mcpBasicAuth({
      verifier: async () => {
        verifications += 1;
        return null;
      },
    }),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  const statusOf = async (client: string, account: string, password: string): Promise<number> => {
    const headers = { authorization: basic(account, password), 'x-client': encodeURIComponent(client) };
    return (await call(served.url, { headers, body: initialize() })).status;
  };
  for (const [client, account] of places) {
    expect(await statusOf(client, account, `first of ${client}`), `${client} ${account}`).to.equal(401);
    expect(await statusOf(client, account, `second of ${client}`), `${client} ${account}`).to.equal(429);
  }
  expect(verifications).to.equal(places.length);
});
