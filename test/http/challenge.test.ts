import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { assertQuotable, formatChallenge } from '../../lib/http/challenge.js';

const quotableCodes = [0x09, ...range(0x20, 0x7e), ...range(0x80, 0xff)];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe('formatChallenge', () => {
  const cases: readonly (readonly [
    scheme: string,
    parameters: Readonly<Record<string, string | undefined>>,
    text: string,
  ])[] = [
    ['Basic', { realm: 'mcp', charset: 'UTF-8' }, 'Basic realm="mcp", charset="UTF-8"'],
    ['Bearer', { realm: 'mcp', error: undefined, scope: 'a b' }, 'Bearer realm="mcp", scope="a b"'],
    ['Bearer', { error: undefined }, 'Bearer'],
    ['Bearer', {}, 'Bearer'],
    ['MCP-Token', { realm: '' }, 'MCP-Token realm=""'],
    ['Basic', { realm: 'say "hi"' }, String.raw`Basic realm="say \"hi\""`],
    ['Basic', { realm: 'C:\\' }, String.raw`Basic realm="C:\\"`],
    ['Basic', { realm: '\\"' }, String.raw`Basic realm="\\\""`],
    ['Basic', { realm: 'x", error="no' }, String.raw`Basic realm="x\", error=\"no"`],
    ['Basic', { realm: 'caf\u00e9\t$&' }, 'Basic realm="caf\u00e9\t$&"'],
  ];
  for (const [scheme, parameters, text] of cases) {
    it(`writes ${text}`, () => {
      expect(formatChallenge(scheme, parameters)).to.equal(text);
    });
  }

  for (const value of [
    'a\r\nSet-Cookie: x',
    '\n',
    '\0',
    '\u001b[31m',
    '\u007f',
    '\u0100',
    '\u2028',
    '💥',
    '\ud800',
  ]) {
    it(`refuses the value ${JSON.stringify(value)}`, () => {
      expect(() => formatChallenge('Basic', { realm: value })).to.throw(TypeError);
    });
  }

  for (const name of ['', 'a b', 'a=b', 'a"', 'a\n', 'é']) {
    it(`refuses the name ${JSON.stringify(name)}, as scheme and as parameter`, () => {
      const text = JSON.stringify(name);
      expect(() => formatChallenge(name, {})).to.throw(TypeError, `${text} is not a token`);
      expect(() => formatChallenge('Basic', { [name]: 'x' })).to.throw(TypeError, `${text} is not a token`);
    });
  }

  const quotable = fc.array(fc.constantFrom(...quotableCodes)).map((codes) => String.fromCharCode(...codes));

  it('can be read back by the grammar of RFC 9110, whatever the values', () => {
    fc.assert(
      fc.property(quotable, quotable, (realm, scope) => {
        const text = formatChallenge('Bearer', { realm, scope });
        const quotedString = String.raw`"((?:[^"\\]|\\.)*)"`;
        const match = new RegExp(`^Bearer realm=${quotedString}, scope=${quotedString}$`).exec(text);
        const read = match?.slice(1).map((quoted) => quoted.replace(/\\(.)/g, '$1'));
        expect(read).to.deep.equal([realm, scope]);
      }),
    );
  });

  it('never makes a value that Node refuses to send', () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const realm = String.fromCharCode(...quotableCodes);
    response.setHeader('WWW-Authenticate', formatChallenge('Basic', { realm }));
    expect(response.getHeader('WWW-Authenticate')).to.be.a('string');
  });
});

describe('assertQuotable', () => {
  it('takes HTAB, 0x20 to 0x7E and obs-text, and nothing else', () => {
    for (let code = 0; code < 0x250; code += 1) {
      const check = () => assertQuotable(`a${String.fromCharCode(code)}b`);
      if (quotableCodes.includes(code)) check();
      else expect(check, `U+${code.toString(16)}`).to.throw(TypeError, 'A header value cannot carry');
    }
  });

  it('does not repeat the text, which may be a secret', () => {
    expect(() => assertQuotable('s3cret\n'))
      .to.throw(TypeError)
      .with.property('message')
      .not.include('s3cret');
  });
});
