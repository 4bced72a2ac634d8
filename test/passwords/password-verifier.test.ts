import { inspect } from 'node:util';
import { expect } from 'chai';
import { isGuardError } from '../../lib/errors.js';
import { hashPassword, type PasswordVerifierOptions, passwordVerifier } from '../../lib/passwords/index.js';
import type { Principal, VerifyContext } from '../../lib/types.js';
import { CHEAP, rejection, scryptCalls } from './support.js';

const PASSWORD = 'correct horse battery staple';

describe('passwordVerifier', () => {
  const runs = scryptCalls();
  const principal: Principal = { subject: 'u-1' };
  let passwordHash: string;

  before(async () => {
    passwordHash = await hashPassword(PASSWORD, CHEAP);
  });

  const findUser: PasswordVerifierOptions['findUser'] = async (username) =>
    new Map([
      ['ada', { passwordHash, principal }],
      ['disabled', { passwordHash, principal, disabled: true }],
      ['enabled', { passwordHash, principal, disabled: false }],
      ['sso', { passwordHash: null, principal }],
      ['invited', { principal }],
      ['blank', { passwordHash: '', principal }],
      ['disabled-sso', { passwordHash: null, principal, disabled: true }],
      ['broken', { passwordHash: '$2b$12$legacy', principal }],
    ]).get(username);

  const context = (signal: AbortSignal = new AbortController().signal): VerifyContext =>
    ({ request: {}, signal }) as VerifyContext;
  const verify = async (
    username: string,
    password: string,
    options: Partial<PasswordVerifierOptions> = {},
  ): Promise<Principal | null> =>
    passwordVerifier({ findUser, parameters: CHEAP, ...options }).verify({ username, password }, context());

  it('proves the right password', async () => {
    expect(await verify('ada', PASSWORD)).to.equal(principal);
    expect(await verify('enabled', PASSWORD)).to.equal(principal);
  });

  it('answers a wrong password, an unknown user and a user without password alike', async () => {
    const attempts = [
      ['ada', 'wrong'],
      ['ada', ''],
      ['nobody', PASSWORD],
      ['__proto__', PASSWORD],
      ['sso', PASSWORD],
      ['sso', ''],
      ['invited', ''],
      ['blank', ''],
      ['disabled', 'wrong'],
      ['disabled-sso', PASSWORD],
    ] as const;
    for (const [username, password] of attempts) expect(await verify(username, password)).to.equal(null);
  });

  it('takes null for no user, as databases give it', async () => {
    expect(await verify('ada', PASSWORD, { findUser: () => null })).to.equal(null);
  });

  it('W30 tells that an account is disabled only to somebody who proved its password', async () => {
    const error = await rejection(verify('disabled', PASSWORD));
    expect(isGuardError(error)).to.equal(true);
    expect(error).to.include({ code: 'forbidden' });
    expect(await verify('disabled', 'wrong')).to.equal(null);
  });

  it('fails closed on a disabled that is no boolean', async () => {
    for (const disabled of [1, 'yes', new Date(0)]) {
      const user = { passwordHash, principal, disabled: disabled as unknown as boolean };
      expect(await rejection(verify('ada', PASSWORD, { findUser: () => user }))).to.include({
        code: 'forbidden',
      });
    }
  });

  it('B14 does the same work for every kind of user, right or wrong', async () => {
    const users = ['ada', 'enabled', 'disabled', 'sso', 'invited', 'blank', 'disabled-sso', 'nobody', ''];
    const expected = { length: 32, N: 1024, r: 8, p: 1, maxmem: 128 * 8 * (1024 + 3) };
    for (const username of users) {
      for (const password of [PASSWORD, 'wrong', '']) {
        const before = runs().length;
        await verify(username, password).catch(() => undefined);
        expect(runs().slice(before), `${username} ${password}`).to.deep.equal([expected]);
      }
    }
  });

  it('B14 costs an unknown user what hashPassword costs by default', async () => {
    expect(
      await passwordVerifier({ findUser }).verify({ username: 'nobody', password: 'x' }, context()),
    ).to.equal(null);
    const [unknown] = runs();
    await hashPassword('x');
    expect(runs()).to.deep.equal([unknown, unknown]);
  });

  it('makes an outage of what findUser throws, and runs nothing', async () => {
    const down = new Error('database down');
    const failing = [
      () => Promise.reject(down),
      () => {
        throw down;
      },
    ];
    for (const fails of failing) {
      expect(await rejection(verify('ada', PASSWORD, { findUser: fails }))).to.equal(down);
    }
    expect(runs()).to.deep.equal([]);
  });

  it('makes an outage of a stored hash that it cannot read, without showing it', async () => {
    const error = await rejection(verify('broken', PASSWORD));
    expect(error).to.be.instanceOf(Error);
    expect(inspect(error)).not.to.contain('legacy').and.not.to.contain(PASSWORD);
  });

  it('is a programming error where findUser answers something else', async () => {
    for (const answer of [false, 0, '', 'ada', []]) {
      expect(await rejection(verify('ada', PASSWORD, { findUser: () => answer as never }))).to.be.instanceOf(
        TypeError,
      );
    }
  });

  it('gives findUser the name as it came', async () => {
    const names: string[] = [];
    await verify(' Ada\u00e9 ', PASSWORD, {
      findUser: (username) => {
        names.push(username);
        return undefined;
      },
    });
    expect(names).to.deep.equal([' Ada\u00e9 ']);
  });

  it('does nothing for a request that is over', async () => {
    const reason = new Error('gone');
    let asked = 0;
    const verifier = passwordVerifier({
      findUser: () => {
        asked += 1;
        return undefined;
      },
    });
    const pending = verifier.verify({ username: 'ada', password: 'x' }, context(AbortSignal.abort(reason)));
    expect(await rejection(Promise.resolve(pending))).to.equal(reason);
    expect(asked).to.equal(0);
  });

  it('does not hash for a request that ends while the user is looked up', async () => {
    const request = new AbortController();
    const reason = new Error('gone');
    const verifier = passwordVerifier({
      findUser: () => {
        request.abort(reason);
        return undefined;
      },
    });
    const pending = verifier.verify({ username: 'ada', password: 'x' }, context(request.signal));
    expect(await rejection(Promise.resolve(pending))).to.equal(reason);
    expect(runs()).to.deep.equal([]);
  });

  it('D4 does not hash for requests that end while they wait for their turn', async () => {
    const request = new AbortController();
    const reason = new Error('gone');
    const verifier = passwordVerifier({ findUser, parameters: CHEAP });
    const attempts = Array.from({ length: 20 }, () =>
      Promise.resolve(verifier.verify({ username: 'ada', password: PASSWORD }, context(request.signal))),
    );
    await attempts[0];
    const begun = runs().length;
    request.abort(reason);
    const results = await Promise.allSettled(attempts);
    expect(runs()).to.have.length(begun).lessThan(attempts.length);
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(begun);
    expect(results.at(-1)).to.deep.equal({ status: 'rejected', reason });
  });

  it('hands isActive, startSession and endSession on, and has none of its own', () => {
    const hooks = { isActive: () => true, startSession: () => undefined, endSession: () => undefined };
    expect(passwordVerifier({ findUser, ...hooks })).to.include(hooks);
    expect(passwordVerifier({ findUser })).to.have.all.keys('verify');
  });

  const wrong: readonly (readonly [string, object])[] = [
    ['option "findUser"', { findUser: undefined }],
    ['option "findUser"', { findUser: {} }],
    ['option "isActive"', { isActive: true }],
    ['option "startSession"', { startSession: 'x' }],
    ['option "endSession"', { endSession: [] }],
    ['option "parameters"', { parameters: 15 }],
    ['option "parameters": option "ln"', { parameters: { ln: '15' } }],
    ['option "parameters": "ln" must be', { parameters: { ln: 40 } }],
    ['option "parameters": unknown option "N"', { parameters: { N: 1024 } }],
    ['unknown option "hash"', { hash: 'bcrypt' }],
  ];
  for (const [text, changes] of wrong) {
    it(`refuses ${inspect(changes)} when it is created`, () => {
      const create = () => passwordVerifier({ findUser, ...changes } as PasswordVerifierOptions);
      expect(create).to.throw(TypeError, `passwordVerifier: ${text}`);
    });
  }
});
