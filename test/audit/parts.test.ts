import { randomBytes, randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { secretsOf } from '../../lib/audit/actor.js';
import { leaksOf } from '../../lib/audit/leaks.js';
import { isLoopback } from '../../lib/audit/loopback.js';
import { redactor } from '../../lib/audit/redact.js';
import { alike } from '../../lib/audit/same-answer.js';
import { mostBits, shapedLike } from '../../lib/audit/session-id.js';
import type { Reply } from '../../lib/audit/wire/reply.js';
import { basic } from '../support/call.js';

const replyWith = (status: number, text = '', ...rawHeaders: string[]): Reply => ({
  ...{ status, text, rawHeaders, askedId: undefined },
});

describe('the parts of an audit', () => {
  it('bound the entropy of session ids from above', () => {
    const five = (make: (n: number) => string): string[] => Array.from({ length: 5 }, (_, n) => make(n));
    for (const make of [
      randomUUID,
      () => randomBytes(32).toString('base64url'),
      () => randomBytes(16).toString('hex'),
    ]) {
      expect(mostBits(five(() => make()))).to.be.above(100);
    }
    expect(mostBits(five(() => `session-${randomUUID()}-of-node-1`))).to.be.above(100);
    for (const make of [
      (n: number) => `${1000 + n}`,
      (n: number) => `session-of-a-very-long-name-${n}`,
      (n: number) => `${n}0000000-0000-1000-8000-00805f9b34fb`,
      () => randomBytes(4).toString('hex'),
      (n: number) => `1763${n}59012345`,
    ]) {
      expect(mostBits(five(make)), make(1)).to.be.below(64);
    }
    expect(mostBits(['a!', 'b?'])).to.be.below(14);
  });

  it('make up ids of the same shape', () => {
    const id = '0a9f-ZZzz_09-._~';
    const other = shapedLike(id);
    expect(other).to.match(/^\d[a-f]\d[a-f]-[G-Z]{2}[g-z]{2}_\d\d-\._~$/);
    expect(shapedLike(randomUUID())).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('show no secret, no control character, and no more than a line', () => {
    const secrets = secretsOf([
      ['Authorization', basic('ada', 'swordfish')],
      ['X-Api-Key', 'key-of-ada'],
      ['X-Empty', ''],
    ]);
    const show = redactor(() => [...secrets, 'abc']);
    const text = `a\n\u001b[31mb ${basic('ada', 'swordfish')} swordfish key-of-ada abc`;
    expect(show(text)).to.equal('a [31mb [secret] [secret] [secret] abc');
    expect(show('x'.repeat(500))).to.have.length(161);
  });

  it('take two answers for the same but for ids and times', () => {
    const body = (id: string, at: string): string =>
      JSON.stringify({ message: `no ${id}`, at, trace: randomUUID() });
    const one = replyWith(404, body('s-1', new Date(0).toISOString()));
    expect(alike(one, replyWith(404, body('s-2', new Date().toISOString())), ['s-1', 's-2'])).to.equal(true);
    expect(alike(one, { ...one, status: 403 }, [])).to.equal(false);
    expect(alike(one, replyWith(404, '{}'), [])).to.equal(false);
  });

  it('see what leaks, and take no plain words for a leak', () => {
    const kinds = (text: string, ...headers: string[]): string[] =>
      leaksOf(replyWith(400, text, ...headers)).map(({ kind }) => kind);
    expect(kinds('Error: x\n    at f (/srv/app/lib/x.js:1:2)')).to.deep.equal(['stack', 'path']);
    expect(kinds('{"stack":"Error: x\\n    at f (x.js:1:2)"}')).to.deep.equal(['stack']);
    expect(kinds('Traceback (most recent call last):')).to.deep.equal(['stack']);
    expect(kinds('C:\\app\\server\\x.js is bad')).to.deep.equal(['path']);
    expect(kinds('connect ECONNREFUSED 10.0.0.1:5432')).to.deep.equal(['database']);
    expect(kinds('', 'Content-Type', 'text/html; charset=utf-8', 'X-Powered-By', 'Express')).to.deep.equal([
      'page',
      'product',
    ]);
    for (const text of [
      'Unexpected token } in JSON at position 17',
      'Meet me at home: 10:30:00',
      'https://example.com/docs/errors/x.html',
      'The path must begin with /mcp',
    ]) {
      expect(kinds(text), text).to.deep.equal([]);
    }
    expect(leaksOf(replyWith(200, 'at f (/srv/app/lib/x.js:1:2)'))).to.deep.equal([]);
  });

  it('know this very machine', () => {
    for (const text of [
      'http://localhost:1',
      'http://127.0.0.1',
      'http://127.8.9.10/x',
      'http://[::1]:3',
      'http://mcp.localhost',
    ])
      expect(isLoopback(new URL(text)), text).to.equal(true);
    for (const text of [
      'http://localhost.example.com',
      'http://127.0.0.1.nip.io',
      'http://10.0.0.1',
      'http://[::2]',
    ])
      expect(isLoopback(new URL(text)), text).to.equal(false);
  });
});
