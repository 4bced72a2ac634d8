import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { type CredentialInput, credentialFrom, headerFrom, secretIn } from '../../../lib/audit/cli/secret.js';
import { UsageError } from '../../../lib/audit/cli/usage-error.js';
import { basic } from '../../support/call.js';

const NONE: CredentialInput = { user: undefined, bearer: undefined, headers: [] };

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('not refused');
}

describe('a secret on the command line', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'guards-secret-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const file = (text: string): string => {
    const path = join(folder, 'secret');
    writeFileSync(path, text);
    return `@${path}`;
  };

  it('stands for itself, or for what is in a file, without the end of its last line', () => {
    expect(secretIn('--x', 'ada:@right')).to.equal('ada:@right');
    for (const [text, secret] of [
      ['ädä:right', 'ädä:right'],
      ['ada:right\n', 'ada:right'],
      ['ada:right\r\n', 'ada:right'],
      ['two\nlines\n\n', 'two\nlines\n'],
      ['', ''],
    ] as const) {
      expect(secretIn('--x', file(text))).to.equal(secret);
    }
  });

  it('is not shown where its file cannot be read', () => {
    for (const value of ['@', '@/no/such/swordfish', `@${folder}`]) {
      expect(refusalOf(() => secretIn('--x', value))).to.equal('--x: the file cannot be read');
    }
  });

  it('is a header where it has a name, a colon and a value', () => {
    for (const [text, header] of [
      ['X-Key: a', ['X-Key', 'a']],
      ['X-Key:a', ['X-Key', 'a']],
      ['X-Key: \t a b \t', ['X-Key', 'a b']],
      ['X-Key: a:b', ['X-Key', 'a:b']],
      ['X-Key:', ['X-Key', '']],
    ] as const) {
      expect(headerFrom('--x', text)).to.deep.equal(header);
    }
    for (const text of [
      '',
      'X-Key',
      ': a',
      ':X-Key: a',
      'X Key: a',
      'X-Key : a',
      'X-Key: a\nb',
      'X-Key: \u0007',
    ]) {
      expect(
        refusalOf(() => headerFrom('--x', text)),
        text,
      ).to.equal("--x must be 'Name: value'");
    }
  });

  it('makes a credential of a user, of a token, of headers, and of nothing none', () => {
    expect(credentialFrom('', NONE)).to.equal(undefined);
    for (const [user, header] of [
      ['ada:right', basic('ada', 'right')],
      ['a:', basic('a', '')],
      ['a:b:c', basic('a', 'b:c')],
      [file('ada:right\n'), basic('ada', 'right')],
    ] as const) {
      expect(credentialFrom('', { ...NONE, user })).to.deep.equal([['Authorization', header]]);
    }
    expect(credentialFrom('', { ...NONE, bearer: file('token\n') })).to.deep.equal([
      ['Authorization', 'Bearer token'],
    ]);
    const headers = ['X-Key: a', file('X-Id: 1'), 'X-Org: north'];
    expect(credentialFrom('', { ...NONE, bearer: 'token', headers })).to.deep.equal([
      ['Authorization', 'Bearer token'],
      ['X-Key', 'a'],
      ['X-Id', '1'],
      ['X-Org', 'north'],
    ]);
  });

  it('is refused by the name of its option', () => {
    for (const prefix of ['', 'second-']) {
      const refused = (input: Partial<CredentialInput>): string =>
        refusalOf(() => credentialFrom(prefix, { ...NONE, ...input }));
      for (const user of ['', 'ada', ':right', '@']) {
        const why = user === '@' ? ': the file cannot be read' : " must be 'name:password'";
        expect(refused({ user }), user).to.equal(`--${prefix}user${why}`);
      }
      expect(refused({ bearer: 'a\nb' })).to.equal(`--${prefix}bearer must be 'Name: value'`);
      expect(refused({ bearer: '@' })).to.equal(`--${prefix}bearer: the file cannot be read`);
      expect(refused({ headers: ['x'] })).to.equal(`--${prefix}credential must be 'Name: value'`);
      expect(refused({ headers: ['@'] })).to.equal(`--${prefix}credential: the file cannot be read`);
    }
  });

  it('is refused where one header is given twice', () => {
    const twice: readonly Partial<CredentialInput>[] = [
      { user: 'ada:right', bearer: 'token' },
      { bearer: 'token', headers: ['authorization: Bearer other'] },
      { headers: ['X-Key: a', 'x-kEY: b'] },
    ];
    for (const input of twice) {
      const refused = (prefix: string): string =>
        refusalOf(() => credentialFrom(prefix, { ...NONE, ...input }));
      expect(refused('')).to.equal('one header is given twice for the first credential');
      expect(refused('second-')).to.equal('one header is given twice for the second credential');
    }
  });
});
