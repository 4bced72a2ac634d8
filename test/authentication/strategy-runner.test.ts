import { expect } from 'chai';
import type { Request } from 'express';

import {
  type PassportStrategy,
  requestView,
  strategyRunner,
} from '../../lib/authentication/strategy-runner.js';
import { Abstained } from '../../lib/credentials/verdict.js';
import { type Gate, gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';

/** What Passport gives a strategy to answer with. */
interface Actions {
  success(user?: unknown, info?: unknown): void;
  fail(challenge?: unknown, status?: number): void;
  error(error?: unknown): void;
  pass(): void;
  redirect(url: string, status?: number): void;
}

type Authenticate = (this: Actions, request: Request) => unknown;

const requestOf = (fields: object = {}): Request => ({ headers: {}, ...fields }) as Request;

/** What a strategy that does `authenticate` comes to. */
async function outcome(authenticate: Authenticate, request: Request = requestOf()): Promise<unknown> {
  const run = strategyRunner({ authenticate } as PassportStrategy);
  try {
    return { resolved: await run(request) };
  } catch (error) {
    return { rejected: error };
  }
}

describe('strategyRunner', () => {
  failsOnUnhandledRejections();

  const user = { id: 1 };
  const error = new Error('down');

  const verdicts: readonly (readonly [what: string, authenticate: Authenticate, result: object])[] = [
    [
      'success',
      function () {
        this.success(user);
      },
      { resolved: user },
    ],
    [
      'success with info',
      function () {
        this.success(user, { scope: 'x' });
      },
      { resolved: user },
    ],
    [
      'success without a user',
      function () {
        this.success();
      },
      { resolved: undefined },
    ],
    [
      'success with false',
      function () {
        this.success(false);
      },
      { resolved: undefined },
    ],
    [
      'success with null and info',
      function () {
        this.success(null, {});
      },
      { resolved: undefined },
    ],
    [
      'fail',
      function () {
        this.fail();
      },
      { resolved: null },
    ],
    [
      'fail with a challenge',
      function () {
        this.fail('Basic realm="x"');
      },
      { resolved: null },
    ],
    [
      'fail with a status',
      function () {
        this.fail(400);
      },
      { resolved: null },
    ],
    [
      'fail with a challenge and a status',
      function () {
        this.fail({ message: 'x' }, 403);
      },
      { resolved: null },
    ],
    [
      'error',
      function () {
        this.error(error);
      },
      { rejected: error },
    ],
    [
      'error without one',
      function () {
        this.error();
      },
      { resolved: undefined },
    ],
    [
      'a throw',
      () => {
        throw error;
      },
      { rejected: error },
    ],
    ['a rejection', () => Promise.reject(error), { rejected: error }],
  ];
  for (const [what, authenticate, result] of verdicts) {
    it(`${what}: ${'rejected' in result ? 'rejects' : `resolves to ${JSON.stringify(result)}`}`, async () => {
      expect(await outcome(authenticate)).to.deep.equal(result);
    });
  }

  for (const [what, authenticate] of [
    [
      'pass',
      function () {
        this.pass();
      },
    ],
    [
      'redirect',
      function () {
        this.redirect('https://id.example.com/');
      },
    ],
    [
      'redirect with a status',
      function () {
        this.redirect('/login', 303);
      },
    ],
  ] as readonly (readonly [string, Authenticate])[]) {
    it(`${what}: abstains`, async () => {
      const { rejected } = (await outcome(authenticate)) as { rejected?: unknown };
      expect(rejected).to.be.instanceOf(Abstained);
    });
  }

  describe('the first verdict counts', () => {
    const later: Readonly<Record<string, (actions: Actions) => void>> = {
      success: (actions) => actions.success({ id: 2 }),
      fail: (actions) => actions.fail(),
      error: (actions) => actions.error(error),
      pass: (actions) => actions.pass(),
      redirect: (actions) => actions.redirect('/'),
    };
    for (const [name, speak] of Object.entries(later)) {
      it(`before ${name}`, async () => {
        const afterSuccess = function (this: Actions): void {
          this.success(user);
          speak(this);
        };
        const afterFail = function (this: Actions): void {
          this.fail();
          speak(this);
        };
        expect(await outcome(afterSuccess)).to.deep.equal({ resolved: user });
        expect(await outcome(afterFail)).to.deep.equal({ resolved: null });
      });
    }

    it('before a rejection that comes after it', async () => {
      const authenticate = async function (this: Actions): Promise<void> {
        this.success(user);
        await Promise.reject(error);
      };
      expect(await outcome(authenticate)).to.deep.equal({ resolved: user });
    });
  });

  it('B15 keeps overlapping logins apart: 1,000 interleavings through one strategy', async () => {
    const gates = new Map<string, Gate>();
    const run = strategyRunner({
      async authenticate(this: Actions, request: Request) {
        const { name, isRight } = request as unknown as { name: string; isRight: boolean };
        const turn = gate();
        gates.set(name, turn);
        await turn.opened;
        if (isRight) this.success({ name });
        else this.fail();
      },
    } as PassportStrategy);
    const names = Array.from({ length: 1000 }, (_, i) => `user ${i}`);
    const isRight = (name: string): boolean => Number(name.slice(5)) % 3 !== 0;
    const logins = names.map((name) => run(requestOf({ name, isRight: isRight(name) })));
    // The verdicts fall in another order than the logins began.
    for (const name of [...names].sort((a, b) => a.slice(-1).localeCompare(b.slice(-1))))
      gates.get(name)?.open();
    const results = await Promise.all(logins);
    expect(results).to.deep.equal(names.map((name) => (isRight(name) ? { name } : null)));
  });

  it('writes nothing onto the strategy that it was given', async () => {
    const strategy = Object.freeze({
      authenticate(this: Actions) {
        this.success(user);
      },
    });
    const run = strategyRunner(strategy as unknown as PassportStrategy);
    expect(await run(requestOf())).to.equal(user);
  });

  it('runs a strategy as itself, with the fields and methods of its class', async () => {
    class Strategy {
      readonly name = 'own';
      readonly #secret = 'x';
      readonly find = (): object => ({ found: this.#secret });
      look(): object {
        return this.find();
      }
      authenticate(): void {
        const self = this as unknown as Actions & Strategy;
        self.success({ ...self.look(), name: self.name });
      }
    }
    const run = strategyRunner(new Strategy());
    expect(await run(requestOf())).to.deep.equal({ found: 'x', name: 'own' });
  });

  it('needs no session, and asks for none', async () => {
    const seen: unknown[] = [];
    await strategyRunner({
      authenticate(this: Actions, _request: Request, options: unknown) {
        seen.push(options);
        this.fail();
      },
    } as unknown as PassportStrategy)(requestOf());
    expect(seen).to.deep.equal([{ session: false }]);
  });
});

describe('requestView', () => {
  it('shows the request, with what is its own, and keeps what is written there', () => {
    const request = requestOf({ url: '/mcp', body: 'untouched' });
    const view = requestView(request, { body: { username: 'ada' } });
    expect(view.url).to.equal('/mcp');
    expect(view.body).to.deep.equal({ username: 'ada' });
    Object.assign(view, { user: 'eve', authInfo: {} });
    expect(request.body).to.equal('untouched');
    expect(request).to.not.have.any.keys('user', 'authInfo');
  });

  it('of one request is another each time', () => {
    const request = requestOf();
    const [one, two] = [requestView(request, {}), requestView(request, {})];
    Object.assign(one, { user: 'ada' });
    expect((two as { user?: unknown }).user).to.equal(undefined);
  });
});
