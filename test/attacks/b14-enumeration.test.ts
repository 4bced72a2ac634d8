import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

import { expect } from 'chai';

import { mcpBasicAuth, mcpHandler, mcpLoginLimiter } from '../../lib/index.js';
import { hashPassword, type PasswordUser, passwordVerifier } from '../../lib/passwords/index.js';
import { basic, call, initialize } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serveApp } from '../support/serve.js';
import { person } from './support/people.js';
import { exchange, MCP_LINES, rawRequest, statusOf, timeless } from './support/raw.js';

/** As little as the bounds allow. */
const CHEAP = { ln: 10, r: 8, p: 1 } as const;

/** Notes the cost of every run of scrypt. */
function countScrypt(): Disposable & { readonly runs: string[] } {
  const original = crypto.scrypt;
  const runs: string[] = [];
  const install = (scrypt: typeof original): void => {
    crypto.scrypt = scrypt;
    syncBuiltinESMExports();
  };
  install(((...args: Parameters<typeof original>) => {
    const [, , length, { N, r, p }] = args;
    runs.push([N, r, p, length].join());
    original(...args);
  }) as unknown as typeof original);
  return { runs, [Symbol.dispose]: () => install(original) };
}

const passwordHash = await hashPassword('right', CHEAP);

const USERS: ReadonlyMap<string, PasswordUser> = new Map([
  ['known', { passwordHash, principal: person('known') }],
  ['disabled', { passwordHash, principal: person('disabled'), disabled: true }],
  ['passwordless', { passwordHash: null, principal: person('passwordless') }],
  ['emptyhash', { passwordHash: '', principal: person('emptyhash') }],
  ['nohash', { principal: person('nohash') }],
  ['disabled-passwordless', { principal: person('disabled-passwordless'), disabled: true }],
]);

const NAMES: readonly string[] = [...USERS.keys(), 'unknown', '__proto__', 'constructor'];

async function openPlace(isLimited: boolean): Promise<Served> {
  return serveApp((app) => {
    app.set('trust proxy', 'loopback');
    app.use(
      '/mcp',
      ...(isLimited ? [mcpLoginLimiter()] : []),
      mcpBasicAuth({
        verifier: passwordVerifier({ findUser: (name) => USERS.get(name), parameters: CHEAP }),
      }),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
  });
}

it('B14: a wrong password costs one run of scrypt, the same for every kind of account', async () => {
  await using place = await openPlace(false);
  for (const name of NAMES) {
    using scrypt = countScrypt();
    const headers = { authorization: basic(name, 'wrong') };
    expect((await call(place.url, { headers, body: initialize() })).status, name).to.equal(401);
    expect(scrypt.runs, name).to.deep.equal(['1024,8,1,32']);
  }
});

it('B14: an account that is known, disabled, without password or unknown answers alike, until it is locked and after', async () => {
  using _frozen = stopClock();
  await using place = await openPlace(true);
  const transcripts = new Map<string, string>();
  for (const [i, name] of NAMES.entries()) {
    const replies: string[] = [];
    for (let guess = 0; guess < 8; guess += 1) {
      const lines = [
        ...MCP_LINES,
        'Connection: close',
        `X-Forwarded-For: 198.51.100.${i}`,
        `Authorization: ${basic(name, `wrong ${guess}`)}`,
      ];
      replies.push(timeless(await exchange(place.port, rawRequest('POST /mcp', lines, '{}'))));
    }
    expect(replies.map(statusOf), name).to.deep.equal([401, 401, 401, 401, 401, 429, 429, 429]);
    transcripts.set(name, replies.join('\n'));
  }
  for (const [name, transcript] of transcripts) expect(transcript, name).to.equal(transcripts.get('unknown'));
});

it('B14: the right password of a locked account answers as the wrong one does', async () => {
  using _frozen = stopClock();
  await using place = await openPlace(true);
  const replies = new Map<string, string>();
  for (const name of ['known', 'disabled', 'unknown']) {
    const ask = (password: string, i: number) =>
      exchange(
        place.port,
        rawRequest('GET /mcp', [
          ...MCP_LINES,
          'Connection: close',
          `X-Forwarded-For: 203.0.113.${i}`,
          `Authorization: ${basic(name, password)}`,
        ]),
      );
    for (let i = 0; i < 5; i += 1) await ask(`wrong ${i}`, i);
    for (const password of ['right', 'wrong'])
      replies.set(`${name}:${password}`, timeless(await ask(password, 9)));
  }
  const [first = ''] = replies.values();
  expect(statusOf(first)).to.equal(429);
  for (const [who, reply] of replies) expect(reply, who).to.equal(first);
});

it('B14: that an account is disabled is told to whoever proved its password, and to nobody else', async () => {
  await using place = await openPlace(false);
  const statusFor = async (name: string, password: string): Promise<number> =>
    (await call(place.url, { headers: { authorization: basic(name, password) }, body: initialize() })).status;
  expect(await statusFor('disabled', 'right')).to.equal(403);
  expect(await statusFor('disabled', 'wrong')).to.equal(401);
  for (const name of ['passwordless', 'emptyhash', 'nohash', 'disabled-passwordless']) {
    for (const password of ['', 'null', 'undefined'])
      expect(await statusFor(name, password), name).to.equal(401);
  }
});
