import { expect } from 'chai';

import { fromPassportVerify, type PassportDone } from '../../lib/authentication/from-passport-verify.js';
import type { BasicCredentials, Principal, VerifyContext } from '../../lib/types.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';

interface User {
  readonly id: string;
}

type Callback = (username: string, password: string, done: PassportDone<User>) => unknown;

const context = { signal: new AbortController().signal } as VerifyContext;
const credentials: BasicCredentials = { username: 'ada', password: 'right' };
const toPrincipal = ({ id }: User): Principal => ({ subject: id });

/** What a Passport callback comes to as a verifier. */
async function outcome(callback: Callback): Promise<unknown> {
  try {
    return { resolved: await fromPassportVerify(callback, toPrincipal).verify(credentials, context) };
  } catch (error) {
    return { rejected: error };
  }
}

describe('fromPassportVerify', () => {
  failsOnUnhandledRejections();

  const error = new Error('down');
  const fail = (): never => {
    throw error;
  };
  const ada = { resolved: { subject: 'ada' } };
  const rows: readonly (readonly [what: string, callback: Callback, result: object])[] = [
    ['a user', (name, _password, done) => done(null, { id: name }), ada],
    ['a user, with info', (name, _password, done) => done(null, { id: name }, { scope: 'x' }), ada],
    ['a user, later', (name, _password, done) => setImmediate(done, undefined, { id: name }), ada],
    ['false', (_name, _password, done) => done(null, false), { resolved: null }],
    ['false, with info', (_name, _password, done) => done(null, false, { message: 'x' }), { resolved: null }],
    ['null', (_name, _password, done) => done(null, null), { resolved: null }],
    ['an error', (_name, _password, done) => done(error), { rejected: error }],
    ['an error beside a user', (name, _password, done) => done(error, { id: name }), { rejected: error }],
    ['a throw', fail, { rejected: error }],
    ['a rejection', async () => fail(), { rejected: error }],
  ];
  for (const [what, callback, result] of rows) {
    it(`${what}: ${'rejected' in result ? 'an outage' : JSON.stringify(result)}`, async () => {
      expect(await outcome(callback)).to.deep.equal(result);
    });
  }

  for (const [what, callback] of [
    ['done()', (_name, _password, done) => done()],
    ['done(null)', (_name, _password, done) => done(null)],
    ['done(null, undefined)', (_name, _password, done) => done(null, undefined)],
  ] as readonly (readonly [string, Callback])[]) {
    it(`${what}: no user, a wrong credential, as Passport reads it`, async () => {
      expect(await outcome(callback)).to.deep.equal({ resolved: null });
    });
  }

  it('the first call of done counts', async () => {
    const callback: Callback = (_name, _password, done) => {
      done(null, false);
      done(null, { id: 'ada' });
      done(error);
    };
    expect(await outcome(callback)).to.deep.equal({ resolved: null });
  });

  it('a rejection after done changes nothing', async () => {
    const callback: Callback = async (name, _password, done) => {
      done(null, { id: name });
      fail();
    };
    expect(await outcome(callback)).to.deep.equal(ada);
  });

  it('what an async callback resolves to is no verdict: only done is', async () => {
    const callback: Callback = async (_name, _password, done) => {
      setImmediate(done, null, false);
      return { id: 'ada' };
    };
    expect(await outcome(callback)).to.deep.equal({ resolved: null });
  });

  it('an error of toPrincipal is an outage', async () => {
    const verifier = fromPassportVerify<User>(
      (name: string, _password: string, done: PassportDone<User>) => done(null, { id: name }),
      fail,
    );
    let rejected: unknown;
    await Promise.resolve(verifier.verify(credentials, context)).catch((reason: unknown) => {
      rejected = reason;
    });
    expect(rejected).to.equal(error);
  });

  it('gets user name and password of Basic, and the token of Bearer', async () => {
    const seen: unknown[] = [];
    const basic = fromPassportVerify<User>((name: string, password: string, done: PassportDone<User>) => {
      seen.push(name, password);
      done(null, { id: name });
    }, toPrincipal);
    await basic.verify({ username: 'ada', password: 'p:q' }, context);
    const bearer = fromPassportVerify<User>((token: string, done: PassportDone<User>) => {
      seen.push(token);
      done(null, { id: 'eve' });
    }, toPrincipal);
    expect(await bearer.verify({ token: 'jwt' }, context)).to.deep.equal({ subject: 'eve' });
    expect(seen).to.deep.equal(['ada', 'p:q', 'jwt']);
  });

  for (const bad of [undefined, null, 'f', {}]) {
    it(`refuses ${JSON.stringify(bad) ?? 'undefined'} for a function`, () => {
      expect(() => fromPassportVerify(bad as never, toPrincipal)).to.throw(
        TypeError,
        'fromPassportVerify: callback must be a function',
      );
      expect(() => fromPassportVerify(() => {}, bad as never)).to.throw(
        TypeError,
        'fromPassportVerify: toPrincipal must be a function',
      );
    });
  }
});
