import { expect } from 'chai';

import { mcpBearerAuth } from '../../lib/index.js';
import { initialize } from '../support/call.js';
import { type StandOptions, stand } from './support/stand.js';
import { listenRoomily, MCP_LINES, type RawReply, rawRequest, sendRaw } from './support/wire.js';

const encode = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
/** How UTF-8 looks to somebody who reads its bytes as Latin-1, as HTTP does. */
const asBytes = (text: string): string => Buffer.from(text).toString('latin1');
const INIT = JSON.stringify(initialize());

/** An endpoint that takes headers of 64 KB and proves nothing, but remembers what it was asked. */
async function listener(options: StandOptions = {}) {
  const seen: { username: string; password: string }[] = [];
  const target = await stand({
    limiter: false,
    basic: { maxConcurrent: 10_000, maxPasswordBytes: 100_000 },
    verifier: {
      verify: async ({ username, password }) => {
        seen.push({ username, password });
        return null;
      },
    },
    ...options,
  });
  const { port, ...roomy } = await listenRoomily(target.app);
  const ask = (values: readonly string[], name = 'Authorization'): Promise<RawReply[]> => {
    const requests = values.map((value) => rawRequest('POST', [...MCP_LINES, `${name}: ${value}`], INIT));
    return sendRaw(port, latin1(requests.join('')), { count: values.length });
  };
  return {
    ...target,
    seen,
    ask,
    port,
    async [Symbol.asyncDispose]() {
      await roomy[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

describe('C1: Basic credentials have exactly one spelling', () => {
  const ACCEPTED: readonly (readonly [string, string, string])[] = [
    ['YTpi', 'a', 'b'],
    ['YTo=', 'a', ''],
    [encode('u:p:q'), 'u', 'p:q'],
    [encode('u:::'), 'u', '::'],
    ['dGVzdDoxMjPCow==', 'test', '123£'],
    [encode('a: b '), 'a', ' b '],
    [encode('a:\u00a0\ufeff'), 'a', '\u00a0\ufeff'],
    [encode(`a:${'p'.repeat(16_382)}`), 'a', 'p'.repeat(16_382)],
  ];
  const REFUSED = [
    ...[
      'YTp=',
      'YTo',
      'YT-p',
      'YT_p',
      'YTpi=',
      'YTpi==',
      'YTo==',
      'YTp',
      'Y',
      '=',
      '====',
      'YT pi',
      'YTpi YTpi',
    ],
    ...[
      'YTpi,',
      'YTpi;q=1',
      '"YTpi"',
      '!YTpi',
      'YT%70i',
      'YT\tpi',
      'YTpi\u00a0',
      'YTpi\u00ff',
      'dGVzdDoxMjOj',
    ],
    ...[encode('nocolon'), encode(':p'), encode(':'), encode('a\0:b'), encode('a:b\0'), encode('a\r\n:b')],
    ...[
      encode('a:b\n'),
      encode('a:\x7f'),
      encode('\u001ba:b'),
      encode(Buffer.from([0x61, 0x3a, 0xc0, 0x80])),
    ],
    ...[
      encode(Buffer.from([0x61, 0x3a, 0xed, 0xa0, 0x80])),
      encode(Buffer.from([0xff, 0xfe, 0x61, 0, 0x3a, 0])),
    ],
    ...[encode(`a:${'p'.repeat(16_383)}`), encode(`a:${'p'.repeat(17_000)}`), 'A'.repeat(23_000)],
  ];

  it('reads what is right, to the letter', async () => {
    await using target = await listener();
    const replies = await target.ask(ACCEPTED.map(([value]) => `Basic ${value}`));
    expect(replies.map(({ status }) => status)).to.deep.equal(ACCEPTED.map(() => 401));
    expect(target.seen).to.deep.equal(ACCEPTED.map(([, username, password]) => ({ username, password })));
  });

  it('refuses everything else with 401, and verifies nothing', async () => {
    await using target = await listener();
    const lengths = [0, 1, 2, 3, 4, 5, 100, 4095, 8000, 16_000, 17_408].map((length) => 'x'.repeat(length));
    const refused = [...REFUSED, ...lengths.map(encode), ...lengths.map((text) => `${encode(text)}!`)];
    const replies = await target.ask(refused.map((value) => `Basic ${value}`));
    for (const [i, { status, body }] of replies.entries()) {
      expect([status, body.includes('malformed_credentials')], refused[i]).to.deep.equal([401, true]);
    }
    // Bytes that no header may hold never come as far as that.
    for (const value of ['YT\0pi', 'YT\rpi', 'YT\n pi', 'YTpi\r\n YTpi']) {
      const [reply] = await target.ask([`Basic ${value}`]);
      expect(reply?.status, JSON.stringify(value)).to.be.oneOf([400, 401]);
    }
    expect(target.seen).to.deep.equal([]);
  });

  it('never reads a credential from anything one edit away from its spelling', async () => {
    await using target = await listener();
    const spelling = encode('ada:pw1');
    const edits = new Set<string>();
    for (let at = 0; at <= spelling.length; at += 1) {
      for (let code = 0x21; code < 0x100; code += code === 0x7e ? 0x22 : 1) {
        const character = String.fromCharCode(code);
        edits.add(spelling.slice(0, at) + character + spelling.slice(at));
        edits.add(spelling.slice(0, at) + character + spelling.slice(at + 1));
      }
      edits.add(spelling.slice(0, at) + spelling.slice(at + 1));
    }
    edits.delete(spelling);
    const values = [...edits].map((edit) => `Basic ${edit}`);
    for (let at = 0; at < values.length; at += 500) {
      const replies = await target.ask(values.slice(at, at + 500));
      expect(new Set(replies.map(({ status }) => status))).to.deep.equal(new Set([401]));
    }
    expect(values.length).to.be.above(4000);
    expect(target.seen.filter(({ username, password }) => username === 'ada' && password === 'pw1')).to.be
      .empty;
    // No two edits were read as the same credential.
    expect(new Set(target.seen.map((each) => JSON.stringify(each)))).to.have.length(target.seen.length);
    expect(target.seen).to.not.be.empty;
  });
});

describe('C3: a scheme is its whole name, in any case', () => {
  it('takes bAsIc for Basic, and nothing that merely holds the word', async () => {
    await using target = await listener({ more: [mcpBearerAuth({ verifier: async () => null })] });
    const word = encode('a:b');
    const basic = ['Basic', 'bAsIc', 'BASIC', 'basic'].map((scheme) => `${scheme} ${word}`);
    const others = [
      ...[
        'XBasic',
        'Basicx',
        'Basic2',
        'Basic-',
        'My Basic',
        'Bearer Basic',
        'Ba sic',
        'Basic:',
        'Basic=',
        '"Basic"',
      ],
      ...[
        'BearerX',
        'XBearer',
        'Bearer,',
        asBytes('Вasic'),
        asBytes('Basıc'),
        'Basi\u00e7',
        'Bearer Bearer',
        '\u00a0Basic',
        'Basic\t',
      ],
    ].map((scheme) => `${scheme} ${word}`);
    const spaced = [
      `Basic\u00a0${word}`,
      `Basic\t${word}`,
      `Basic${word}`,
      'Bearer a b',
      'Bearer  ',
      'Bearer\ta',
    ];
    expect(new Set((await target.ask(basic)).map(({ status }) => status))).to.deep.equal(new Set([401]));
    expect(target.seen).to.deep.equal(Array(4).fill({ username: 'a', password: 'b' }));
    const replies = await target.ask([...others, ...spaced]);
    for (const { status, body } of replies) {
      expect([status, body.includes('malformed_credentials')]).to.deep.equal([401, true]);
    }
    expect(target.seen).to.have.length(4);
  });
});
