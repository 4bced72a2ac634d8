import { expect } from 'chai';

import { parseChallenges } from '../../../lib/audit/wire/challenges.js';

describe('parseChallenges', () => {
  const good: readonly (readonly [string, readonly (readonly [string, object, string?])[]])[] = [
    ['Basic realm="mcp", charset="UTF-8"', [['basic', { realm: 'mcp', charset: 'UTF-8' }]]],
    ['Bearer', [['bearer', {}]]],
    ['Bearer realm = x , Error=invalid_token', [['bearer', { realm: 'x', error: 'invalid_token' }]]],
    [
      'Bearer realm="a \\"b\\", c", Basic realm="d", Negotiate',
      [
        ['bearer', { realm: 'a "b", c' }],
        ['basic', { realm: 'd' }],
        ['negotiate', {}],
      ],
    ],
    [
      'Negotiate YWJj==, Basic realm=""',
      [
        ['negotiate', {}, 'YWJj=='],
        ['basic', { realm: '' }],
      ],
    ],
    ['Basic realm=', [['basic', {}, 'realm=']]],
    ['MCP-Token realm="mcp",', [['mcp-token', { realm: 'mcp' }]]],
    [
      'Basic realm="a",, ,Bearer realm="b"',
      [
        ['basic', { realm: 'a' }],
        ['bearer', { realm: 'b' }],
      ],
    ],
    ['Basic realm="\\a\\\\b\t\u00e9"', [['basic', { realm: 'a\\b\t\u00e9' }]]],
    [
      ' Basic realm=x, Bearer realm="b" ',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'b' }],
      ],
    ],
    ['Negotiate  abc', [['negotiate', {}, 'abc']]],
    ['Negotiate a.b-c_d~e+f/0=', [['negotiate', {}, 'a.b-c_d~e+f/0=']]],
    ['Negotiate abc ', [['negotiate', {}, 'abc']]],
  ];
  for (const [line, expected] of good) {
    it(`reads ${line}`, () => {
      const read = parseChallenges(line)?.map(({ scheme, parameters, token68 }) => [
        ...[scheme, Object.fromEntries(parameters)],
        ...(token68 === undefined ? [] : [token68]),
      ]);
      expect(read).to.deep.equal(expected);
    });
  }

  const bad = [
    '',
    'realm="x"',
    'Basic realm="x',
    'Basic realm="x" charset="UTF-8"',
    'Basic realm="a", realm="b"',
    'Bearer realm="x"y',
    'Be@rer realm="x"',
    'Bearer realm=x@y',
    '"Bearer"',
    'Bearer realm="x\u0007"',
    'Bearer realm="\\\u0007"',
    'Basic realm="a", REALM="b"',
    'Bearer , = x',
    'Negotiate abc def',
    'Bearer realm="x"yyy,Basic realm="z"',
    'Bearer Basic realm="x"',
    'Bearer "x"',
    ', Bearer',
  ];
  for (const line of bad) {
    it(`refuses ${line}`, () => expect(parseChallenges(line)).to.equal(undefined));
  }
});
