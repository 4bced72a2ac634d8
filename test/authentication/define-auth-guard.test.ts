import { expect } from 'chai';

import { type AuthGuardConfig, defineAuthGuard } from '../../lib/authentication/define-auth-guard.js';
import type { ProofResult } from '../../lib/credentials/proof-result.js';
import type { Prover } from '../../lib/credentials/prover.js';
import { McpGuardError } from '../../lib/errors.js';
import {
  getPrincipal,
  type LoginQuestion,
  type RequestState,
  requestState,
} from '../../lib/request-state.js';
import type { Awaitable, Principal } from '../../lib/types.js';
import { type Call, call, type Reply } from '../support/call.js';
import { listen } from '../support/events.js';
import { gate } from '../support/gate.js';
import { serve } from '../support/serve.js';

const ada: Principal = { subject: 'ada', scopes: ['read'] };
const CREDENTIALS = { secret: 'the secret' };
const CHALLENGE = { scheme: 'key', plain: 'Key realm="x"', invalid: 'Key error="invalid"' };
const BEFORE = { scheme: 'other', plain: 'Other' };
const CHALLENGES: Readonly<Record<string, readonly string[]>> = {
  insufficient_scope: [],
  invalid_credentials: [CHALLENGE.invalid],
  ambiguous_credentials: [],
};
const PRINCIPAL = '[null,null,"ada"]';
const SESSION_ID = 'a'.repeat(43);

interface Given extends Partial<Omit<AuthGuardConfig<typeof CREDENTIALS>, 'prover'>> {
  /** What the prover finds. */
  readonly proof?: ProofResult | (() => Awaitable<ProofResult>);
  readonly hooks?: object;
  /** What was there before the guard. */
  readonly before?: (state: RequestState) => unknown;
  readonly call?: Call;
  readonly path?: string;
}

interface Outcome extends Reply {
  /** Where the request has passed: its state, and `req.user` and `req.auth` of the time. */
  readonly state: RequestState | undefined;
  readonly user: unknown;
  readonly auth: { readonly token: string; readonly resource?: URL } | undefined;
  readonly principal: Principal | undefined;
  readonly events: object[];
  /** What the prover was asked. */
  readonly asked: Parameters<Prover['prove']>[0][];
  readonly prover: Prover;
}

const proven = (changes: object = {}): ProofResult => ({
  ...{ kind: 'proven', principal: ada, isFresh: true, deferred: undefined },
  ...changes,
});

const question: LoginQuestion = { limiter: {} as LoginQuestion['limiter'], client: '192.0.2.1' };

const limited = (state: RequestState): unknown => Object.assign(state, { question });

/** One request through a guard whose prover says what it is told to. */
async function through(given: Given = {}): Promise<Outcome> {
  const { proof = proven(), hooks, before, call: sent = {}, ...config } = given;
  const asked: Outcome['asked'] = [];
  const prover = {
    hooks,
    prove: (request: Outcome['asked'][number]) => {
      asked.push(request);
      return typeof proof === 'function' ? proof() : proof;
    },
  } as unknown as Prover;
  const guard = defineAuthGuard({
    name: 'mcpKeyAuth',
    present: () => ({ key: 'k', credentials: CREDENTIALS }),
    verify: () => ada,
    ...config,
    prover,
  });
  let passed: Pick<Outcome, 'state' | 'user' | 'auth' | 'principal'> = {
    state: undefined,
    user: undefined,
    auth: undefined,
    principal: undefined,
  };
  await using served = await serve(
    (request, _response, next) => {
      before?.(requestState(request));
      next();
    },
    guard,
    (request, response) => {
      const { user, auth } = request as unknown as Outcome;
      passed = { state: requestState(request), user, auth, principal: getPrincipal(request) };
      response.end();
    },
  );
  using heard = listen();
  const reply = await call(served.url, sent);
  return { ...reply, ...passed, events: heard.events.map(({ at: _at, ...event }) => event), asked, prover };
}

const event = (type: string, more: object = {}): object => ({ type, guard: 'mcpKeyAuth', ...more });

describe('defineAuthGuard', () => {
  it('lets who is proven pass, as the caller for Express and for the SDK', async () => {
    const resource = new URL('https://mcp.example');
    const forwarded = {} as never;
    const { status, state, user, auth, principal, asked, prover, events } = await through({
      present: () => ({ key: 'k', credentials: CREDENTIALS, token: 'presented', resource, forwarded }),
    });
    expect(status).to.equal(200);
    expect([user, principal]).to.deep.equal([ada, ada]);
    expect(auth).to.include({ token: 'presented', resource });
    expect(state).to.include({ presentedToken: 'presented', resource, forwarded, deferred: undefined });
    expect(state?.proof).to.deep.include({ key: 'k', hooks: undefined, credentials: undefined });
    expect(state?.proof?.keeper).to.equal(prover);
    expect(asked).to.have.length(1);
    expect(events).to.deep.equal([event('auth.succeeded', { principal: PRINCIPAL })]);
  });

  it('gives the hooks of a session its credentials, which show nowhere', async () => {
    const hooks = { startSession() {} };
    const { state } = await through({ hooks });
    expect(state?.proof?.hooks).to.equal(hooks);
    const credentials = state?.proof?.credentials?.() as unknown as typeof CREDENTIALS;
    expect(credentials.secret).to.equal('the secret');
    expect(JSON.stringify({ credentials })).to.equal('{}');
  });

  it('asks the prover for what was presented, on the terms of the limiter before it', async () => {
    const headers = { 'mcp-session-id': SESSION_ID };
    const given = { before: limited, call: { headers } };
    const outcome = await through({
      ...given,
      present: () => ({ key: 'k', account: 'ada', credentials: CREDENTIALS }),
    });
    expect(outcome.asked[0]).to.include({ key: 'k', account: 'ada', question });
    expect(outcome.asked[0]?.sessionId).to.equal(SESSION_ID);
    expect(outcome.events).to.deep.include(
      event('auth.succeeded', { principal: PRINCIPAL, client: '192.0.2.1' }),
    );
    const unlimited = await through({ ...given, isLimited: false });
    expect(unlimited.asked[0]?.question).to.equal(undefined);
  });

  it('has what was presented verified hidden, with the request and the time it may take', async () => {
    const seen: unknown[] = [];
    const outcome = await through({
      verify: (credentials, { request, signal }) => {
        seen.push(credentials.secret, JSON.stringify({ credentials }), request.method, signal);
        return ada;
      },
    });
    const { signal } = new AbortController();
    expect(await outcome.asked[0]?.verify(signal)).to.equal(ada);
    expect(seen).to.deep.equal(['the secret', '{}', 'POST', signal]);
  });

  it('tells the prover when nobody waits for the answer any more', async () => {
    let told = 0;
    let request: Outcome['asked'][number] | undefined;
    const opened = gate();
    const prover = {
      async prove(asked: Outcome['asked'][number]) {
        request = asked;
        opened.open();
        return new Promise(() => {});
      },
    } as unknown as Prover;
    const present = () => ({ key: 'k', credentials: CREDENTIALS });
    await using served = await serve(defineAuthGuard({ name: 'x', prover, present, verify: () => ada }));
    const leaving = new AbortController();
    const left = call(served.url, { signal: leaving.signal }).catch(() => {});
    await opened.opened;
    const over = new Promise<void>((resolve) => {
      request?.onGone(() => {
        told += 1;
        resolve();
      });
    });
    expect(told).to.equal(0);
    leaving.abort();
    await Promise.all([left, over]);
    expect(told).to.equal(1);
  });

  it('says that somebody logged in once, not for each request of theirs', async () => {
    const { status, events } = await through({ proof: proven({ isFresh: false }) });
    expect(status).to.equal(200);
    expect(events).to.deep.equal([]);
  });

  it('goes on at once where the prover knows at once', () => {
    const prover = { prove: () => proven() } as unknown as Prover;
    const present = () => ({ key: 'k', credentials: CREDENTIALS });
    const guard = defineAuthGuard({ name: 'x', prover, present, verify: () => ada });
    const request = { method: 'POST', originalUrl: '/mcp', headers: {}, rawHeaders: [] };
    let passed = false;
    guard(request as never, {} as never, () => {
      passed = true;
    });
    expect(passed).to.equal(true);
  });

  it('waits for a prover that takes its time', async () => {
    const slow = await through({
      proof: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return proven();
      },
    });
    expect([slow.status, slow.user]).to.deep.equal([200, ada]);
    const { code } = await through({ proof: () => Promise.reject(new McpGuardError('unavailable')) });
    expect(code).to.equal('unavailable');
  });

  describe('leaves alone', () => {
    for (const method of ['PUT', 'PATCH', 'OPTIONS', 'HEAD']) {
      it(`a ${method}, which is none of MCP's`, async () => {
        const { state, asked } = await through({ call: { method }, challenge: CHALLENGE });
        expect(state?.challenges).to.deep.equal([]);
        expect(state?.keepers).to.deep.equal([]);
        expect(asked).to.deep.equal([]);
      });
    }

    it('a request without a credential of its own, but says what it would take', async () => {
      const { status, state, asked, prover, events } = await through({
        ...{ present: () => undefined, challenge: CHALLENGE, hiddenHeaders: ['x-key'] },
        before: ({ challenges, hiddenHeaders }) => {
          challenges.push(BEFORE);
          hiddenHeaders.push('x-before');
        },
      });
      expect(status).to.equal(200);
      expect(state?.challenges).to.deep.equal([BEFORE, CHALLENGE]);
      expect(state?.hiddenHeaders).to.deep.equal(['x-before', 'x-key']);
      expect(state?.keepers).to.deep.equal([prover]);
      expect(state?.principal).to.equal(undefined);
      expect([asked, events]).to.deep.equal([[], []]);
    });

    it('challenges and headers, where it has none of its own', async () => {
      const { state } = await through();
      expect([state?.challenges, state?.hiddenHeaders]).to.deep.equal([[], []]);
    });
  });

  describe('refuses', () => {
    for (const [what, given, code, reason] of [
      ['what is unusable', { present: () => ({ code: 'malformed_credentials' }) }, 'malformed_credentials'],
      [
        'a credential beside a principal that is proven already',
        { before: (state: RequestState) => Object.assign(state, { principal: ada }) },
        'ambiguous_credentials',
      ],
      [
        'a credential beside one that the limiter refused',
        { before: (state: RequestState) => Object.assign(state, { deferred: {} }) },
        'ambiguous_credentials',
      ],
      ['a token in the query', { call: { path: '/mcp?access_token=x' } }, 'ambiguous_credentials'],
      [
        'what is not proven',
        { proof: { kind: 'denied', code: 'invalid_credentials', reason: 'expired_principal' } },
        ...['invalid_credentials', 'expired_principal'],
      ],
      ['who may not pass', { authorize: () => ({ code: 'insufficient_scope' }) }, 'insufficient_scope'],
    ] as [string, Given, string, string?][]) {
      it(`${what}, with its own challenge, and says so`, async () => {
        const {
          state,
          asked,
          events,
          code: answered,
          challenges,
        } = await through({
          ...given,
          challenge: CHALLENGE,
        });
        expect(answered).to.equal(code);
        expect(state).to.equal(undefined);
        expect(asked).to.have.length(given.proof || given.authorize ? 1 : 0);
        expect(events).to.deep.equal([event('auth.failed', { reason: reason ?? code })]);
        expect(challenges).to.deep.equal(CHALLENGES[code] ?? [CHALLENGE.plain]);
      });
    }

    it('without a challenge where it has none', async () => {
      const { status, challenges } = await through({
        proof: { kind: 'denied', code: 'invalid_credentials', reason: 'invalid_credentials' },
      });
      expect([status, challenges]).to.deep.equal([401, ['Bearer realm="mcp"']]);
    });

    it('and says when to come back', async () => {
      const { status, headers, events } = await through({
        before: limited,
        proof: {
          ...{ kind: 'denied', code: 'too_many_attempts', reason: 'too_many_attempts' },
          retryAfterSeconds: 7,
        } as ProofResult,
      });
      expect([status, headers['retry-after']]).to.deep.equal([429, '7']);
      expect(events).to.deep.equal([event('auth.throttled', { retryAfterSeconds: 7, client: '192.0.2.1' })]);
    });
  });

  describe('B7 of a proven person whom the limiter refuses', () => {
    const refusal = { code: 'too_many_attempts', retryAfterSeconds: 9 } as const;

    it('lets nobody know who it is until the refusal is lifted, which is told to the limiter', async () => {
      let lifted = 0;
      const deferred = {
        ...refusal,
        lift: () => {
          lifted += 1;
        },
      };
      const { status, state, user, auth, principal, events } = await through({ proof: proven({ deferred }) });
      expect(status).to.equal(200);
      expect([user, auth, principal, state?.proof]).to.deep.equal([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      expect(events).to.deep.equal([event('auth.throttled', { retryAfterSeconds: 9 })]);
      expect(state?.deferred).to.include({ ...refusal, principal: ada });
      state?.deferred?.lift();
      expect(lifted).to.equal(1);
      expect(state).to.include({ principal: ada, deferred: undefined });
      expect(state?.proof).to.include({ key: 'k' });
    });

    it('passes where nobody else is to be told of it', async () => {
      const { state } = await through({ proof: proven({ deferred: refusal }) });
      state?.deferred?.lift();
      expect(state).to.include({ principal: ada, deferred: undefined });
    });

    it('says the same of who may not pass at all', async () => {
      const { code, events } = await through({
        proof: proven({ deferred: refusal }),
        authorize: () => ({ code: 'insufficient_scope' }),
      });
      expect(code).to.equal('too_many_attempts');
      expect(events).to.deep.equal([event('auth.throttled', { retryAfterSeconds: 9 })]);
    });
  });
});
