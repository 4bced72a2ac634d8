import { expect } from 'chai';

import {
  McpGuardError,
  type McpGuardErrorCode,
  mcpLoginLimiter,
  mcpPassport,
  type PassportOptions,
  type PassportStrategy,
} from '../../lib/index.js';
import { call, type Reply } from '../support/call.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { until } from '../support/gate.js';
import { expectRefusal } from '../support/refusal.js';
import { catchRejections, type Rejections } from '../support/rejections.js';
import { serve } from '../support/serve.js';
import { tell } from '../support/tell.js';
import { catchWarnings } from '../support/warnings.js';

interface Actions {
  success(user?: unknown, info?: unknown): void;
  fail(challenge?: unknown, status?: number): void;
  pass(): void;
  redirect(url: string, status?: number): void;
  error(error?: unknown): void;
}

type Act = (actions: Actions) => unknown;

const USER = { id: 'ann' };
const CHALLENGES = { challenges: ['X-API-Key realm="mcp"'] };

const strategy = (act: Act): PassportStrategy =>
  ({
    authenticate(this: Actions) {
      return act(this);
    },
  }) as unknown as PassportStrategy;

const guard = (act: Act, options: Partial<PassportOptions<typeof USER>> = {}) =>
  mcpPassport<typeof USER>(strategy(act), {
    scheme: 'X-API-Key',
    toPrincipal: ({ id }) => ({ subject: id }),
    ...options,
  });

const present = (url: URL, key = 'k'): Promise<Reply> => call(url, { headers: { 'x-api-key': key } });

const boom = (): never => {
  throw new Error('s3cret');
};

describe('what mcpPassport makes of a strategy', () => {
  let rejections: Rejections;
  beforeEach(() => {
    rejections = catchRejections();
  });
  afterEach(() => {
    rejections[Symbol.dispose]();
    expect(rejections.reasons).to.deep.equal([]);
  });

  it('asks toPrincipal for users, and for nothing else', async () => {
    const asked: unknown[] = [];
    const toPrincipal = (user: typeof USER) => {
      asked.push(user);
      return { subject: 'somebody' };
    };
    for (const user of [undefined, null, false]) {
      using _warnings = catchWarnings();
      await using served = await serve(guard(({ success }) => success(user), { toPrincipal }));
      expectRefusal(await present(served.url), 'unavailable');
    }
    expect(asked).to.deep.equal([]);
  });

  const proven: Readonly<Record<string, Act>> = {
    'success with a user': ({ success }) => success(USER),
    'success with a user and information': ({ success }) => success(USER, { scope: 'all' }),
    'success, later': ({ success }) => void setImmediate(() => success(USER)),
    'success, then fail': ({ success, fail }) => [success(USER), fail()],
    'success, then another success': ({ success }) => [success(USER), success({ id: 'root' })],
    'success, then a throw': ({ success }) => [success(USER), boom()],
    'success, then a rejection': async ({ success }) => [success(USER), boom()],
    'success, then an error': ({ success, error }) => [success(USER), error(new Error('s3cret'))],
  };
  for (const [title, act] of Object.entries(proven)) {
    it(`${title}: proven`, async () => {
      await using served = await serve(guard(act), tell);
      expect((await present(served.url)).json).to.include({ user: 'ann' });
    });
  }

  const refusals: Readonly<Record<string, readonly [McpGuardErrorCode, Act]>> = {
    fail: ['invalid_credentials', ({ fail }) => fail()],
    'fail with a challenge': ['invalid_credentials', ({ fail }) => fail('Foreign realm="x"')],
    'fail with a status': ['invalid_credentials', ({ fail }) => fail(400)],
    'fail with information': ['invalid_credentials', ({ fail }) => fail({ message: 'locked' }, 403)],
    'fail, then success': ['invalid_credentials', ({ fail, success }) => [fail(), success(USER)]],
    'fail, then a throw': ['invalid_credentials', ({ fail }) => [fail(), boom()]],
    pass: ['invalid_credentials', ({ pass }) => pass()],
    'pass, then success': ['invalid_credentials', ({ pass, success }) => [pass(), success(USER)]],
    redirect: ['invalid_credentials', ({ redirect }) => redirect('https://evil.example', 307)],
    error: ['unavailable', ({ error }) => error(new Error('s3cret'))],
    'error with nothing': ['unavailable', ({ error }) => error()],
    'error, then success': ['unavailable', ({ error, success }) => [error(new Error('x')), success(USER)]],
    'a throw': ['unavailable', boom],
    'a rejection': ['unavailable', async () => boom()],
    'a refusal by policy': ['forbidden', ({ error }) => error(new McpGuardError('forbidden'))],
    'a throw of a refusal by policy': [
      'forbidden',
      () => {
        throw new McpGuardError('forbidden');
      },
    ],
    'success with nobody': ['unavailable', ({ success }) => success()],
    'success with null': ['unavailable', ({ success }) => success(null)],
    'success with false': ['unavailable', ({ success }) => success(false)],
    'success with an empty string': ['unavailable', ({ success }) => success('')],
  };
  for (const [title, [code, act]] of Object.entries(refusals)) {
    it(`${title}: ${code}`, async () => {
      using _warnings = catchWarnings();
      await using served = await serve(guard(act), tell);
      const reply = await present(served.url);
      expectRefusal(reply, code, code === 'invalid_credentials' ? CHALLENGES : {});
      expect(reply.headers.location).to.equal(undefined);
    });
  }

  for (const timeoutMs of [undefined, 321]) {
    it(`silence for ${timeoutMs ?? 5000} ms: unavailable, and a late success changes nothing`, async () => {
      using timeouts = holdTimeouts(timeoutMs ?? 5000);
      const runs: Actions[] = [];
      await using served = await serve(
        guard((actions) => runs.push(actions), timeoutMs === undefined ? {} : { timeoutMs }),
        tell,
      );
      for (const run of [0, 1]) {
        const reply = present(served.url);
        await until('the strategy runs', () => runs.length > run);
        timeouts.fire();
        expectRefusal(await reply, 'unavailable');
        runs[run]?.success(USER);
      }
    });
  }

  it('counts fail alone as a failed login', async () => {
    using _warnings = catchWarnings();
    const acts: readonly Act[] = [
      ({ pass }) => pass(),
      ({ redirect }) => redirect('/login'),
      ({ error }) => error(new Error('x')),
      ({ success }) => success(),
      boom,
    ];
    let act: Act = boom;
    await using served = await serve(
      mcpLoginLimiter({ points: 1 }),
      guard((actions) => act(actions)),
      tell,
    );
    for (const [n, each] of acts.entries()) {
      act = each;
      expect((await present(served.url, `k${n}`)).status, String(n)).to.be.oneOf([401, 503]);
    }
    act = ({ fail }) => fail();
    expect((await present(served.url, 'wrong')).status).to.equal(401);
    expect((await present(served.url, 'another')).status).to.equal(429);
  });

  const people: Readonly<Record<string, readonly [McpGuardErrorCode, () => unknown]>> = {
    'answers null': ['invalid_credentials', () => null],
    'resolves to null': ['invalid_credentials', async () => null],
    'answers nobody': ['unavailable', () => ({ subject: '' })],
    'answers nothing': ['unavailable', () => undefined],
    throws: ['unavailable', boom],
    rejects: ['unavailable', async () => boom()],
    'refuses by policy': ['forbidden', () => Promise.reject(new McpGuardError('forbidden'))],
  };
  for (const [title, [code, toPrincipal]] of Object.entries(people)) {
    it(`toPrincipal that ${title}: ${code}`, async () => {
      using _warnings = catchWarnings();
      await using served = await serve(
        guard(({ success }) => success(USER), { toPrincipal: toPrincipal as () => null }),
        tell,
      );
      expect((await present(served.url)).code).to.equal(code);
    });
  }

  for (const [proofCache, runs] of [
    [undefined, 1],
    [{ ttlSeconds: 30 }, 2],
    [false, 3],
  ] as const) {
    it(`runs ${runs} times in a minute with proofCache ${JSON.stringify(proofCache)}`, async () => {
      using clock = stopClock();
      let ran = 0;
      const act: Act = ({ success }) => {
        ran += 1;
        success(USER);
      };
      await using served = await serve(guard(act, proofCache === undefined ? {} : { proofCache }), tell);
      for (const seconds of [0, 29, 30]) {
        clock.advance(seconds * 1000);
        expect((await present(served.url)).status).to.equal(200);
      }
      expect(ran).to.equal(runs);
    });
  }

  it('runs 64 at once, and refuses the next', async () => {
    const runs: Actions[] = [];
    await using served = await serve(
      guard((actions) => runs.push(actions)),
      tell,
    );
    const replies = Array.from({ length: 64 }, (_, n) => present(served.url, `k${n}`));
    await until('all of them run', () => runs.length === 64);
    expectRefusal(await present(served.url, 'one more'), 'unavailable');
    for (const { success } of runs) success(USER);
    for (const { status } of await Promise.all(replies)) expect(status).to.equal(200);
  });

  it('gives each of two overlapping logins its own verdict', async () => {
    const runs: Actions[] = [];
    await using served = await serve(
      guard((actions) => runs.push(actions)),
      tell,
    );
    const first = present(served.url, 'right');
    await until('the first runs', () => runs.length === 1);
    const second = present(served.url, 'wrong');
    await until('the second runs', () => runs.length === 2);
    runs[1]?.fail();
    expect((await second).status).to.equal(401);
    runs[0]?.success(USER);
    expect((await first).json).to.include({ user: 'ann' });
  });
});
