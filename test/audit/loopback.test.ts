import { expect } from 'chai';

import { isLoopback } from '../../lib/audit/loopback.js';

const HERE = [
  ...[
    'http://localhost:1',
    'http://LOCALHOST',
    'http://127.0.0.1',
    'http://127.8.9.10/x',
    'http://127.255.255.255',
  ],
  ...['http://[::1]:3', 'http://mcp.localhost', 'http://a.b.localhost', 'http://0x7f.1', 'http://2130706433'],
];
const ELSEWHERE = [
  ...[
    'http://localhost.example.com',
    'http://127.0.0.1.nip.io',
    'http://10.0.0.1',
    'http://[::2]',
    'http://[::1:1]',
  ],
  ...['http://notlocalhost', 'http://1127.0.0.1.example', 'http://128.0.0.1', 'http://0.0.0.0'],
  ...['http://127.example', 'http://localhosts', 'http://[::ffff:7f00:1]', 'http://12.7.0.1'],
];

describe('this very machine', () => {
  for (const text of HERE) it(`is ${text}`, () => expect(isLoopback(new URL(text))).to.equal(true));
  for (const text of ELSEWHERE) it(`is not ${text}`, () => expect(isLoopback(new URL(text))).to.equal(false));
});
