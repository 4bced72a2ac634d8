import { expect } from 'chai';

import {
  fromPassportVerify,
  McpGuardError,
  type McpGuardErrorCode,
  mcpBasicAuth,
  mcpBearerAuth,
  type PassportDone,
} from '../../lib/index.js';
import { basic, call, type Reply } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { until } from '../support/gate.js';
import { catchRejections, type Rejections } from '../support/rejections.js';
import { serve } from '../support/serve.js';
import { tell } from '../support/tell.js';
import { catchWarnings } from '../support/warnings.js';

interface User {
  readonly id: string;
}
type Act = (done: PassportDone<User>) => unknown;

const toPrincipal = ({ id }: User) => ({ subject: id });
const USER = { id: 'ann' };
const boom = (): never => {
  throw new Error('s3cret');
};

const schemes = {
  Basic: {
    guard: (act: Act, who: (user: User) => never) =>
      mcpBasicAuth({
        verifier: fromPassportVerify((_user, _password, done: PassportDone<User>) => act(done), who),
      }),
    headers: { authorization: basic('ann', 'pw') },
  },
  Bearer: {
    guard: (act: Act, who: (user: User) => never) =>
      mcpBearerAuth({
        verifier: fromPassportVerify((_token: string, done: PassportDone<User>) => act(done), who),
      }),
    headers: { authorization: 'Bearer t' },
  },
} as const;

describe('fromPassportVerify', () => {
  let rejections: Rejections;
  beforeEach(() => {
    rejections = catchRejections();
  });
  afterEach(() => {
    rejections[Symbol.dispose]();
    expect(rejections.reasons).to.deep.equal([]);
  });

  it('refuses what is no function', () => {
    for (const nonsense of [undefined, null, 'x', {}]) {
      expect(() => fromPassportVerify(nonsense as never, toPrincipal)).to.throw(
        TypeError,
        'fromPassportVerify: callback must be a function',
      );
      expect(() => fromPassportVerify(() => {}, nonsense as never)).to.throw(
        TypeError,
        'fromPassportVerify: toPrincipal must be a function',
      );
    }
  });

  it('passes user name and password, or the token', async () => {
    const seen: unknown[] = [];
    const local = (username: string, password: string, done: PassportDone<User>): void => {
      seen.push([username, password]);
      done(null, USER);
    };
    const bearer = (token: string, done: PassportDone<User>): void => {
      seen.push([token]);
      done(null, USER);
    };
    await using served = await serve(
      mcpBasicAuth({ verifier: fromPassportVerify(local, toPrincipal) }),
      mcpBearerAuth({ verifier: fromPassportVerify(bearer, toPrincipal) }),
      tell,
    );
    for (const authorization of [basic('ann', 'p:w'), 'Bearer t']) {
      expect((await call(served.url, { headers: { authorization } })).json).to.include({ user: 'ann' });
    }
    expect(seen).to.deep.equal([['ann', 'p:w'], ['t']]);
  });

  const verdicts: Readonly<
    Record<string, readonly [McpGuardErrorCode | 'proven', Act, ((user: User) => unknown)?]>
  > = {
    'a user': ['proven', (done) => done(null, USER)],
    'a user, with undefined as error': ['proven', (done) => done(undefined, USER)],
    'a user, later': ['proven', (done) => void setImmediate(() => done(null, USER))],
    'a user, then false': ['proven', (done) => [done(null, USER), done(null, false)]],
    'a user, then a throw': ['proven', (done) => [done(null, USER), boom()]],
    'a user, then a rejection': ['proven', async (done) => [done(null, USER), boom()]],
    false: ['invalid_credentials', (done) => done(null, false)],
    'false with a message': ['invalid_credentials', (done) => done(null, false, { message: 'locked' })],
    null: ['invalid_credentials', (done) => done(null, null)],
    'false, then a user': ['invalid_credentials', (done) => [done(null, false), done(null, USER)]],
    nothing: ['invalid_credentials', (done) => done()],
    'an error': ['unavailable', (done) => done(new Error('s3cret'))],
    'an error and a user': ['unavailable', (done) => done(new Error('s3cret'), USER)],
    'a text as error': ['unavailable', (done) => done('s3cret', USER)],
    'a throw': ['unavailable', boom],
    'a rejection': ['unavailable', async () => boom()],
    'a refusal by policy': ['forbidden', (done) => done(new McpGuardError('forbidden'))],
    'a user who is nobody': ['unavailable', (done) => done(null, { id: '' })],
    'toPrincipal throws': ['unavailable', (done) => done(null, USER), boom],
    'toPrincipal answers null': ['invalid_credentials', (done) => done(null, USER), () => null],
  };
  for (const [scheme, { guard, headers }] of Object.entries(schemes)) {
    for (const [title, [verdict, act, who = toPrincipal]] of Object.entries(verdicts)) {
      it(`${scheme}: ${title}: ${verdict}`, async () => {
        using _warnings = catchWarnings();
        await using served = await serve(guard(act, who as () => never), tell);
        const reply: Reply = await call(served.url, { headers });
        if (verdict === 'proven') expect(reply.json).to.include({ user: 'ann' });
        else expect(reply.code).to.equal(verdict);
      });
    }

    it(`${scheme}: silence: unavailable`, async () => {
      using timeouts = holdTimeouts(5000);
      let runs = 0;
      const silent: Act = () => {
        runs += 1;
      };
      await using served = await serve(guard(silent, toPrincipal as () => never), tell);
      const reply = call(served.url, { headers });
      await until('it runs', () => runs > 0);
      timeouts.fire();
      expect((await reply).code).to.equal('unavailable');
    });
  }
});
