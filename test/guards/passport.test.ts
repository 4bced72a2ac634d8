import { expect } from 'chai';
import type { Request } from 'express';
import { BasicStrategy } from 'passport-http';
import { Strategy as BearerStrategy } from 'passport-http-bearer';

import { mcpPassport, type PassportStrategy } from '../../lib/index.js';
import { basic, call } from '../support/call.js';
import { bad, checksOptions } from '../support/options.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { type Told, tell } from '../support/tell.js';

interface User {
  readonly id: string;
}

const toPrincipal = ({ id }: User) => ({ subject: id });
const silent: PassportStrategy = { authenticate() {} };
const withKey = (key: string) => ({ headers: ['X-API-Key', key] });

/** A strategy of Passport's own kind: it acts through what Passport puts on it. */
function strategy(act: (verdict: Verdict, request: Request) => unknown): PassportStrategy {
  return {
    authenticate(this: unknown, request: Request) {
      return act(this as Verdict, request);
    },
  } as PassportStrategy;
}

interface Verdict {
  success(user?: unknown): void;
  fail(): void;
}

describe('mcpPassport', () => {
  checksOptions(
    'mcpPassport',
    (options) => mcpPassport(silent, options),
    { scheme: 'Basic', toPrincipal },
    {
      scheme: [
        '',
        'a b',
        'Basic ',
        'a:b',
        'é',
        5,
        null,
        [],
        {},
        { scheme: '' },
        { header: 'a b' },
        { name: 'x' },
      ],
      toPrincipal: bad.callback,
      proofCache: bad.proofCache,
      timeoutMs: bad.milliseconds,
    },
  );

  it('refuses what is no strategy, and two owned things', () => {
    for (const nonsense of [undefined, null, 'local', () => {}, {}, { authenticate: 5 }]) {
      const make = () => mcpPassport(nonsense as never, { scheme: 'Basic', toPrincipal });
      expect(make, String(nonsense)).to.throw(TypeError, 'mcpPassport: strategy must be a Passport strategy');
    }
    const scheme = { scheme: 'ApiKey', header: 'X-API-Key' };
    expect(() => mcpPassport(silent, { scheme, toPrincipal })).to.throw(TypeError, 'option "scheme"');
  });

  it("runs passport-http's own BasicStrategy", async () => {
    const users = new BasicStrategy((username, password, done) => {
      setImmediate(() => done(null, password === 'right' ? { id: username } : false));
    });
    await using served = await serve(mcpPassport<User>(users, { scheme: 'Basic', toPrincipal }), tell);
    const as = (authorization: string) => call(served.url, { headers: { authorization } });
    expect((await as(basic('ann', 'right'))).json).to.include({ user: 'ann' });
    const challenges = ['Basic realm="mcp"'];
    expectRefusal(await as(basic('ann', 'wrong')), 'invalid_credentials', { challenges });
    for (const unusable of ['Basic', 'Basic !', basic('', 'right'), 'Basic YW5u']) {
      expectRefusal(await as(unusable), 'malformed_credentials', { challenges });
    }
    for (const other of ['XBasic YTpi', 'Bearer t'])
      expect((await as(other)).json).to.include({ user: null });
  });

  it("runs passport-http-bearer's own Strategy", async () => {
    const tokens = new BearerStrategy((token, done) => done(null, token === 'good' ? { id: 'ann' } : false));
    await using served = await serve(mcpPassport<User>(tokens, { scheme: 'Bearer', toPrincipal }), tell);
    const as = (authorization: string) => call(served.url, { headers: { authorization } });
    expect((await as('bearer good')).json).to.include({ user: 'ann' });
    expectRefusal(await as('Bearer bad'), 'invalid_credentials', {
      challenges: ['Bearer realm="mcp", error="invalid_token"'],
    });
    expectRefusal(await as('Bearer'), 'malformed_credentials', { challenges: ['Bearer realm="mcp"'] });
    expectRefusal(await call(served.url, { path: '/mcp?access_token=good' }), 'ambiguous_credentials');
    expect((await call(served.url, { body: { access_token: 'good' } })).json).to.include({ user: null });
  });

  it('shows a strategy that reads the body the parsed Basic credentials, and nobody else', async () => {
    const bodies: unknown[] = [];
    const local = strategy((verdict, { body }) => {
      bodies.push(body);
      const { username, password } = body as { username: string; password: string };
      if (password === 'p:w') verdict.success({ id: username });
      else verdict.fail();
    });
    await using served = await serve(
      mcpPassport<User>(local, { scheme: 'basic', toPrincipal }),
      (request, _response, next) => {
        bodies.push(request.body);
        next();
      },
      tell,
    );
    const login = (password: string) =>
      call(served.url, { headers: { authorization: basic('Ann', password) }, body: { username: 'root' } });
    expect((await login('p:w')).json).to.include({ user: 'Ann' });
    expect(bodies).to.have.length(2);
    expect(bodies[0]).to.include({ username: 'Ann', password: 'p:w' });
    expect(bodies[1]).to.equal(undefined);
    expect((await login('other')).code).to.equal('invalid_credentials');
  });

  it('runs a strategy on a header of its own', async () => {
    const keys = strategy((verdict, { headers }) =>
      headers['x-api-key'] === 'k1' ? verdict.success({ id: 'ann' }) : verdict.fail(),
    );
    await using served = await serve(mcpPassport<User>(keys, { scheme: 'X-API-Key', toPrincipal }), tell);
    const challenges = ['X-API-Key realm="mcp"'];
    expect((await call(served.url, withKey('k1'))).json).to.include({ user: 'ann' });
    expectRefusal(await call(served.url, withKey('k2')), 'invalid_credentials', { challenges });
    expectRefusal(await call(served.url, withKey('')), 'malformed_credentials', { challenges });
    const twice = ['X-API-Key', 'k1', 'x-api-key', 'k1'];
    expectRefusal(await call(served.url, { headers: twice }), 'ambiguous_credentials');
    expect((await call(served.url, { headers: ['Authorization', 'k1'] })).json).to.include({ user: null });
  });

  const owners = [
    ['ApiKey', { authorization: 'apikey k' }, 'ApiKey'],
    [{ scheme: 'Api-Key' }, { authorization: 'Api-Key k' }, 'Api-Key'],
    [{ header: 'ApiKey' }, { apikey: 'k' }, 'ApiKey'],
    ['X-Key', { 'x-key': 'k' }, 'X-Key'],
  ] as const;
  for (const [scheme, headers, name] of owners) {
    it(`owns ${JSON.stringify(scheme)}`, async () => {
      let isRight = true;
      const keys = strategy((verdict) => (isRight ? verdict.success({ id: 'ann' }) : verdict.fail()));
      await using served = await serve(
        mcpPassport<User>(keys, { scheme, toPrincipal, proofCache: false }),
        tell,
      );
      expect((await call(served.url, { headers })).json).to.include({ user: 'ann' });
      isRight = false;
      const challenges = [`${name} realm="mcp"`];
      expectRefusal(await call(served.url, { headers }), 'invalid_credentials', { challenges });
      expect((await call(served.url)).json).to.include({ user: null });
    });
  }

  it('keeps to itself what a strategy writes on the request', async () => {
    const marking = strategy((verdict, request) => {
      Object.assign(request, { user: 'root', mark: 1, session: { passport: {} } });
      verdict.success({ id: 'ann' });
    });
    let seen: object = {};
    await using served = await serve(
      mcpPassport<User>(marking, { scheme: 'X-API-Key', toPrincipal }),
      (request, _response, next) => {
        seen = request;
        next();
      },
      tell,
    );
    expect((await call(served.url, withKey('k'))).json).to.include({ user: 'ann' });
    for (const own of ['mark', 'session', 'login', 'logIn', 'isAuthenticated'])
      expect(seen).to.not.have.property(own);
  });

  it('runs nothing on other methods', async () => {
    const never = strategy(() => expect.fail('the strategy ran'));
    await using served = await serve(mcpPassport<User>(never, { scheme: 'X-API-Key', toPrincipal }), tell);
    for (const method of ['OPTIONS', 'PUT', 'PATCH']) {
      expect((await call(served.url, { method, ...withKey('k') })).json).to.include({ user: null });
    }
  });

  it('hides the owned header from nobody but tools, and makes no token of it', async () => {
    const keys = strategy((verdict) => verdict.success({ id: 'ann' }));
    await using served = await serve(mcpPassport<User>(keys, { scheme: 'X-API-Key', toPrincipal }), tell);
    const told = (await call(served.url, withKey('s3cret-key'))).json as Told;
    expect(told).to.include({ authToken: '', principalToken: null });
    expect(JSON.stringify(told)).to.not.include('s3cret');
  });
});
