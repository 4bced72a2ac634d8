import { inspect } from 'node:util';

import { expect } from 'chai';
import type { Request } from 'express';

import { authorizationOf, getPrincipal, requestState } from '../lib/request-state.js';

const requestWith = (...rawHeaders: string[]): Request => ({ rawHeaders, headers: {} }) as unknown as Request;

describe('requestState', () => {
  it('is one for a request, empty at first', () => {
    const request = requestWith();
    const state = requestState(request);
    expect(requestState(request)).to.equal(state);
    expect(requestState(requestWith())).to.not.equal(state);
    expect(state).to.deep.include({ principal: undefined, deferred: undefined, challenges: [], keepers: [] });
    expect(state).to.deep.include({ hiddenHeaders: [], authorization: undefined });
  });

  it('lists are of each request alone', () => {
    requestState(requestWith()).challenges.push({ scheme: 'basic', plain: 'Basic' });
    expect(requestState(requestWith()).challenges).to.deep.equal([]);
  });

  it('is found through a view of the request', () => {
    const request = requestWith();
    const state = requestState(request);
    expect(requestState(Object.create(request) as Request)).to.equal(state);
  });

  it('F1 is seen by nobody who prints or copies a request', () => {
    const request = requestWith();
    requestState(request).presentedToken = 's3cret';
    expect(inspect(request)).to.not.include('s3cret');
    expect(inspect(requestState(request))).to.equal('[guards]');
    expect(JSON.stringify(request)).to.not.include('s3cret');
    expect(JSON.stringify({ ...request })).to.not.include('s3cret');
    expect(Object.getOwnPropertySymbols({ ...request })).to.deep.equal([]);
  });

  it('cannot be replaced', () => {
    const request = requestWith();
    const state = requestState(request);
    const symbol = Symbol.for('express-mcp-guards.state');
    expect(() => Object.assign(request, { [symbol]: {} })).to.throw(TypeError);
    expect(requestState(request)).to.equal(state);
  });

  it('is shared with another copy of this package, so that both fail closed together', async () => {
    const again = '../lib/request-state.js?another-copy';
    const other = (await import(again)) as { requestState: typeof requestState };
    expect(other.requestState).to.not.equal(requestState);
    const request = requestWith();
    expect(other.requestState(request)).to.equal(requestState(request));
  });
});

describe('getPrincipal', () => {
  it('is nobody before a guard has let somebody pass, and makes no state', () => {
    const request = requestWith();
    expect(getPrincipal(request)).to.equal(undefined);
    expect(Object.getOwnPropertySymbols(request)).to.deep.equal([]);
  });

  it('is who was proven', () => {
    const request = requestWith();
    const ada = { subject: 'ada' };
    requestState(request).principal = ada;
    expect(getPrincipal(request)).to.equal(ada);
  });

  it('takes no word for it from the request itself', () => {
    const request = Object.assign(requestWith(), { principal: { subject: 'eve' }, user: { subject: 'eve' } });
    expect(getPrincipal(request)).to.equal(undefined);
  });
});

describe('authorizationOf', () => {
  it('reads the header once', () => {
    const request = requestWith('Authorization', 'Bearer one');
    const state = requestState(request);
    const first = authorizationOf(request, state);
    request.rawHeaders[1] = 'Bearer two';
    expect(authorizationOf(request, state)).to.equal(first);
    expect(first).to.include({ kind: 'present', scheme: 'bearer' });
  });
});
