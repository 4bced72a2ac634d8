import { inspect } from 'node:util';

import { expect } from 'chai';

import { authInfoFor, hideCredentials } from '../../lib/authentication/auth-info.js';
import { sealPrincipal } from '../../lib/principal.js';
import type { Principal } from '../../lib/types.js';

/** Every way to print an object that needs no effort. */
const views: Readonly<Record<string, (value: unknown) => string>> = {
  'util.inspect': (value) => inspect(value),
  'util.inspect with showHidden': (value) => inspect(value, { showHidden: true, depth: null }),
  'console.dir, which is util.inspect with customInspect: false': (value) =>
    inspect(value, { customInspect: false, depth: null }),
  'util.inspect with customInspect: false and showHidden': (value) =>
    inspect(value, { customInspect: false, showHidden: true, depth: null }),
  'JSON.stringify': (value) => JSON.stringify({ value }),
  'a string': (value) => `${value}`,
};

describe('authInfoFor', () => {
  const principal: Principal = sealPrincipal({
    subject: 'ada',
    clientId: 'client',
    scopes: ['read'],
    expiresAt: 5,
    token: 's3cret',
  });
  const resource = new URL('https://app.example.com/mcp');

  it("is the SDK's AuthInfo, with the principal in extra", () => {
    const info = authInfoFor(principal, 'presented', resource);
    expect(info).to.include({ clientId: 'client', expiresAt: 5, resource, token: 's3cret' });
    expect(info.scopes).to.deep.equal(['read']);
    expect(info.extra?.principal).to.equal(principal);
  });

  it('has the presented token where the principal carries none, and no token where none was presented', () => {
    expect(authInfoFor({ subject: 'ada' }, 'presented', undefined).token).to.equal('presented');
    expect(authInfoFor({ subject: 'ada' }, undefined, undefined).token).to.equal('');
  });

  it('has nothing for what is not known', () => {
    const info = authInfoFor({ subject: 'ada' }, undefined, undefined);
    expect(Object.keys(info).sort()).to.deep.equal(['clientId', 'extra', 'scopes']);
    expect(info).to.include({ clientId: '' });
    expect(info.scopes).to.deep.equal([]);
  });

  it('has a list of scopes of its own', () => {
    const info = authInfoFor(principal, undefined, undefined);
    info.scopes.push('admin');
    expect(principal.scopes).to.deep.equal(['read']);
    expect(authInfoFor(principal, undefined, undefined).scopes).to.deep.equal(['read']);
  });

  for (const [name, view] of Object.entries(views)) {
    it(`F1 shows no token in ${name}`, () => {
      expect(view(authInfoFor(principal, 'pres3nted', resource))).to.not.match(/s3cret|pres3nted/);
      expect(view(authInfoFor({ subject: 'ada' }, 'pres3nted', resource))).to.not.include('pres3nted');
    });
  }
});

describe('hideCredentials', () => {
  const given = { username: 'ada', password: 's3cret' };

  it('can be read, taken apart and copied on purpose', () => {
    const { username, password } = hideCredentials(given);
    expect({ username, password }).to.deep.equal(given);
    expect({ ...hideCredentials(given) }).to.deep.equal(given);
  });

  it('cannot be changed, and is not changed by what was handed in', () => {
    const mine = { token: 'x' };
    const hidden = hideCredentials(mine);
    mine.token = 'y';
    expect(hidden.token).to.equal('x');
    for (const change of [{ token: 'z' }, { more: 'z' }]) {
      expect(() => Object.assign(hidden, change)).to.throw(TypeError);
    }
  });

  for (const [name, view] of Object.entries(views)) {
    it(`F1 shows nothing in ${name}`, () => {
      expect(view(hideCredentials(given))).to.not.include('s3cret');
      expect(view([hideCredentials(given)])).to.not.include('s3cret');
    });
  }
});
