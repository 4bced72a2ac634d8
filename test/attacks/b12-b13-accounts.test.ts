import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';
import express, { type Express } from 'express';

import {
  type BasicCredentials,
  type LoginKeys,
  type LoginStore,
  MemoryLoginStore,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
} from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { person } from './support/people.js';

interface Place extends AsyncDisposable {
  readonly url: URL;
  readonly asked: BasicCredentials[];
  /** Every key that the limiter was ever asked about. */
  readonly keys: string[];
}

const MIB = 1024 * 1024;

/** A server that takes headers of several megabytes, behind one proxy on this host. */
async function openPlace(): Promise<Place> {
  const asked: BasicCredentials[] = [];
  const keys: string[] = [];
  const inner = new MemoryLoginStore();
  const store: LoginStore = {
    reserve: (wanted: LoginKeys, budget) => {
      keys.push(...(Object.values(wanted) as string[]));
      return inner.reserve(wanted, budget);
    },
    settle: (...args) => inner.settle(...args),
  };
  const app: Express = express().set('env', 'test').set('trust proxy', 'loopback');
  app.use(
    '/mcp',
    mcpLoginLimiter({ store }),
    mcpBasicAuth({
      verifier: async (credentials) => {
        asked.push(credentials);
        return credentials.password === 'right' ? person(credentials.username) : null;
      },
    }),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  const server: Server = createServer({ maxHeaderSize: 8 * MIB }, app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    asked,
    keys,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

let nextAddress = 0;

async function login(place: Place, authorization: string, from?: string): Promise<number> {
  nextAddress += 1;
  const address = from ?? `198.51.${nextAddress >> 8}.${nextAddress & 255}`;
  const headers = { authorization, 'x-forwarded-for': address };
  return (await call(place.url, { headers, body: initialize() })).status;
}

const raw = (bytes: Buffer | string): string => `Basic ${Buffer.from(bytes as string).toString('base64')}`;

const ALIASES: Readonly<Record<string, readonly string[]>> = {
  case: ['alice', 'ALICE', 'Alice', 'aLiCe', 'alicE', 'AlIcE', 'ALice'],
  'outer spaces': ['alice', ' alice', 'alice ', '  alice  ', '\u00a0alice', 'alice\u3000', '\u2003alice'],
  'compatibility forms': ['kelvin', 'ｋｅｌｖｉｎ', '\u212aelvin', 'KELVIN', 'ｋelvin', '𝐤elvin', 'Ｋelvin'],
  ligatures: ['office', 'oﬃce', 'oﬀice', 'oﬀIce', 'OFFICE', 'ofﬁce', 'ｏffice'],
  'composed and decomposed accents': ['josé', 'jose\u0301', 'JOSÉ', 'JOSE\u0301', 'ｊosé', ' josé', 'José'],
  'the long s': ['sam', '\u017fam', 'SAM', 'ｓam', '\u017fAM', ' \u017fam', 'Sam '],
  'invisible characters': [
    'alice',
    'al\u200bice',
    'ali\u00adce',
    '\ufeffalice',
    'alice\u2060',
    'a\u200dlice',
    '\u200ealice',
  ],
  'the domain': [
    'a@bücher.de',
    'a@xn--bcher-kva.de',
    'A@BÜCHER.DE',
    'a@XN--BCHER-KVA.DE',
    'a@bu\u0308cher.de',
    'a@bücher.de.',
    'a@xn--bcher-kva.de.',
  ],
  'the domain’s ß': [
    'a@faß.de',
    'a@xn--fa-hia.de',
    'a@fass.de',
    'A@FASS.DE',
    'a@XN--FA-HIA.de.',
    'a@faẞ.de',
    'a@ｆass.de',
  ],
};

for (const [kind, names] of Object.entries(ALIASES)) {
  it(`B12: spellings of one account that differ by ${kind} are one bucket`, async () => {
    await using place = await openPlace();
    const statuses: number[] = [];
    for (const [i, name] of names.entries()) statuses.push(await login(place, basic(name, `wrong ${i}`)));
    expect(statuses, names.join()).to.deep.equal([401, 401, 401, 401, 401, 429, 429]);
    expect(
      place.asked.map(({ username }) => username),
      'the verifier gets the name as it came',
    ).to.deep.equal(names.slice(0, 5));
  });
}

it('B12: look-alikes are other accounts, and one of them closes none of the others', async () => {
  await using place = await openPlace();
  for (let i = 0; i < 6; i += 1) await login(place, basic('alice', `wrong ${i}`));
  for (const name of ['аlice', 'alıce', 'a1ice', 'alice@example.com', 'alice.', 'al ice', "alice'"]) {
    expect(await login(place, basic(name, 'right')), name).to.equal(200);
  }
});

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'an IPv4 address': [
    '1.2.3.4',
    '::ffff:1.2.3.4',
    '::FFFF:1.2.3.4',
    '::ffff:102:304',
    '0:0:0:0:0:ffff:0102:0304',
    '0000:0000:0000:0000:0000:ffff:1.2.3.4',
    '::ffff:0102:0304',
  ],
  'an IPv6 /64': [
    '2001:db8:1:2::1',
    '2001:DB8:1:2::1',
    '2001:0db8:0001:0002:0000:0000:0000:0001',
    '2001:db8:1:2:ffff::1.2.3.4',
    '2001:db8:1:2:ffff:ffff:ffff:ffff',
    '2001:db8:1:2::',
    '2001:db8:1:2::1%eth0',
  ],
};

for (const [kind, addresses] of Object.entries(ADDRESSES)) {
  it(`B12: spellings of ${kind} are one source`, async () => {
    await using place = await openPlace();
    const statuses: number[] = [];
    for (const [i, address] of addresses.entries())
      statuses.push(await login(place, basic(`account-${i}`, 'wrong'), address));
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429, 429]);
  });
}

for (const name of [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
  'null',
  '*',
  '0',
]) {
  it(`B13: ${name} is an account like any other`, async () => {
    await using place = await openPlace();
    expect(await login(place, basic(name, 'right'))).to.equal(200);
    for (let i = 0; i < 5; i += 1) expect(await login(place, basic(name, `wrong ${i}`))).to.equal(401);
    expect(await login(place, basic(name, 'wrong again'))).to.equal(429);
    expect(await login(place, basic('alice', 'right'))).to.equal(200);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });
}

const REFUSED: Readonly<Record<string, Buffer | string>> = {
  'an account of 1 MB': `${'a'.repeat(MIB)}:right`,
  'an account of 5 MB': `${'a'.repeat(5 * MIB)}:right`,
  'an account of 1025 characters': `${'a'.repeat(1025)}:right`,
  'an account that NFKC makes long': `${'\ufdfa'.repeat(1025)}:right`,
  'a password of 1 MB': `alice:${'a'.repeat(MIB)}`,
  'a password of 1025 bytes': `alice:${'a'.repeat(1025)}`,
  'NUL in the account': 'ali\0ce:right',
  'NUL in the password': 'alice:right\0',
  'a line feed': 'alice\n:right',
  'a carriage return': 'alice\r\nX-Evil: 1:right',
  'an escape sequence': '\u001b[31malice:right',
  DEL: 'alice\u007f:right',
  'a C1 control': 'ali\u0085ce:right',
  'a lone high surrogate': Buffer.from([0xed, 0xa0, 0x80, 0x3a, 0x72]),
  'a lone low surrogate': Buffer.from([0x61, 0xed, 0xbf, 0xbf, 0x3a, 0x72]),
  'an account of nothing but invisible characters': '\u200b\u200b:right',
  'an account of nothing but spaces': '   :right',
  'no account': ':right',
};

for (const [kind, presented] of Object.entries(REFUSED)) {
  it(`B13: ${kind}: refused, V = 0, no key`, async () => {
    await using place = await openPlace();
    expect(await login(place, raw(presented))).to.equal(401);
    expect(place.asked).to.deep.equal([]);
    expect(place.keys).to.deep.equal([]);
  });
}

it('B13: no key is longer than a hash, and none holds a name or an address', async () => {
  await using place = await openPlace();
  for (const name of ['alice', 'a'.repeat(1024), '__proto__', 'ﷺ'.repeat(100), `a@${'b'.repeat(1000)}`]) {
    expect(await login(place, basic(name, 'wrong')), name.slice(0, 20)).to.equal(401);
  }
  expect(place.keys).to.have.length(15);
  for (const key of place.keys) expect(key).to.match(/^[A-Za-z0-9_-]{43}$/);
});
