import { expect } from 'chai';

import { leaksOf } from '../../lib/audit/leaks.js';
import type { Reply } from '../../lib/audit/wire/reply.js';

const replyWith = (status: number, text: string, ...rawHeaders: string[]): Reply => ({
  ...{ status, text, rawHeaders, askedId: undefined },
});

const leaks = (text: string, ...rawHeaders: string[]): string[] =>
  leaksOf(replyWith(400, text, ...rawHeaders)).map((leak) => `${leak.kind} ${leak.text}`);

describe('what an answer gives away', () => {
  const STACKS = [
    ['at f (/a.js:1:2)', 'at f (/a.js:1:2'],
    ['Error: x\n    at f (a.js:10:20)\n    at g (b.js:3:4)', 'at f (a.js:10:20'],
    ['Error: x\n\tat f (a.js:10:20)', 'at f (a.js:10:20'],
    ['{"stack":"Error: x\\n    at async f (a.js:1:2)"}', '\\n    at async f (a.js:1:2'],
    ['Error: x<br> &nbsp; &nbsp;at f (a.js:1:2)', '<br> &nbsp; &nbsp;at f (a.js:1:2'],
    ['Error: x<br>at a.js:1:2', '<br>at a.js:1:2'],
    ['Traceback (most recent call last):\n', 'Traceback (most recent call last)'],
    ['java.lang.X\n\tat com.acme.Y$1.run(Y.java:42)', 'at com.acme.Y$1.run(Y.java:42)'],
    ['x\n    at com.acme.Y.run(Y.java:42)', 'at com.acme.Y.run(Y.java:42)'],
    [' at com.acme.Y.run(Y.java:42)', 'at com.acme.Y.run(Y.java:42)'],
  ] as const;
  for (const [text, shown] of STACKS) {
    it(`stacks: ${JSON.stringify(text)}`, () => expect(leaks(text)).to.deep.equal([`stack ${shown}`]));
  }

  const PATHS = [
    ...['home', 'Users', 'usr', 'opt', 'srv', 'var', 'root', 'app', 'work', 'tmp'].map((root) => [
      `in /${root}/a.b@c-d_1/e/f.js.`,
      `/${root}/a.b@c-d_1/e/f.js.`,
    ]),
    ['from node_modules/@scope/name/index.js:1', 'node_modules/@scope/name/index.js'],
    ['C:\\app-1\\server\\x.js is bad', 'C:\\app-1\\server\\x.js'],
    ['"D:\\\\app\\\\x.js"', 'D:\\\\app\\\\x.js'],
  ] as const;
  for (const [text, shown] of PATHS) {
    it(`paths: ${text}`, () => expect(leaks(text ?? '')).to.deep.equal([`path ${shown}`]));
  }

  const DATABASES = [
    ...['SQLITE_BUSY', 'SQLSTATE', 'ORA-00942', 'ER_DUP_ENTRY', 'ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'],
    ...['syntax error at or near', 'duplicate key value', 'relation "users" does not exist'],
    ...['PrismaClientKnownRequestError', 'PrismaError', 'PrismaClientError', 'PrismaRustError'],
    ...['MongoServerError', 'MongoNetworkError', 'MongoError', 'password authentication failed'],
  ];
  for (const text of DATABASES) {
    it(`the database: ${text}`, () =>
      expect(leaks(`it says ${text}, no`)).to.deep.equal([`database ${text}`]));
  }

  it('the framework, by its page and by its name', () => {
    expect(leaks('', 'Content-Type', 'text/html; charset=utf-8')).to.deep.equal(['page text/html']);
    expect(leaks('', 'X-Powered-By', 'Express')).to.deep.equal(['product X-Powered-By: Express']);
    expect(leaksOf(replyWith(200, '', 'X-Powered-By', 'x', 'Content-Type', 'text/html'))).to.deep.equal([
      { kind: 'product', text: 'X-Powered-By: x' },
    ]);
  });

  it('all of it, in order', () => {
    const text = 'SQLITE_ERROR\n    at f (/srv/app/x.js:1:2)';
    expect(leaks(text, 'content-type', 'text/html').map((leak) => leak.split(' ')[0])).to.deep.equal([
      ...['stack', 'path', 'database', 'page'],
    ]);
  });

  it('nothing where it is no refusal', () => {
    const text = 'SQLITE_ERROR\n    at f (/srv/app/x.js:1:2)';
    for (const status of [200, 302, 399]) expect(leaksOf(replyWith(status, text))).to.deep.equal([]);
    for (const status of [400, 500]) expect(leaksOf(replyWith(status, text))).to.have.length(3);
  });

  const PLAIN = [
    ...['Unexpected token } in JSON at position 17', 'Meet me at home: 10:30:00', 'look at x: 10:30'],
    ...[
      'https://example.com/docs/errors/x.html',
      'The path must begin with /mcp',
      '/home is where /app',
      '/var/x',
    ],
    ...[
      'node_modules',
      'A: b',
      'NBC:\\a\\b',
      'SQLITE',
      'ORA-1',
      'ER_',
      'FILTER_NAMES',
      'Prisma',
      'Mongo',
      'ECONN',
    ],
    ...['relation "" does not exist', 'at f(x)', 'THE_ENOTFOUND', 'ENOTFOUNDED', 'Traceback'],
  ];
  for (const text of PLAIN) it(`not: ${text}`, () => expect(leaks(text)).to.deep.equal([]));

  it('is found out in no time, whatever an endpoint repeats', () => {
    const seeds = [
      ...[
        '\n',
        ' ',
        '\n ',
        '&nbsp;',
        '<br>',
        '\\n',
        '\n&nbsp;',
        'at ',
        '\nat ',
        ' at a:1',
        '\n at a.b(',
        'Prisma',
      ],
      ...['relation "', '/home/', '/home/a', 'node_modules/', 'A:\\', 'A:\\a', 'ER_A', 'SQLITE_', 'Mongo'],
    ];
    for (const seed of seeds) leaks(seed.repeat(262_144 / seed.length));
  });
});
