import { expect } from 'chai';
import type { RequestHandler } from 'express';

import { type CredentialVerifier, McpGuardError, mcpLoginLimiter } from '../../lib/index.js';
import { call, type Reply } from './call.js';
import { holdTimeouts } from './clock.js';
import { gate, until } from './gate.js';
import { expectRefusal } from './refusal.js';
import { catchRejections, type Rejections } from './rejections.js';
import { type Served, serve } from './serve.js';
import { tell } from './tell.js';
import { catchWarnings } from './warnings.js';

type Verifier = CredentialVerifier<never>;

export interface VerifyingGuard {
  make(options: { verifier: Verifier; timeoutMs?: number; maxConcurrent?: number }): RequestHandler;
  /** The n-th of many credentials of the guard's scheme. */
  credential(n: number): Readonly<Record<string, string>>;
  /** Its `WWW-Authenticate` line after a wrong credential. */
  readonly invalid: string;
  /** The same after a credential without a scope, if it has one. */
  readonly insufficientScope?: string;
  readonly maxConcurrent: number;
}

const ANN = { subject: 'ann' };
const throwing = (error: unknown) => (): never => {
  throw error;
};

/** Tests what a guard makes of everything that a verifier can do: the same for every guard that takes one. */
export function readsVerdicts(guard: VerifyingGuard): void {
  const { invalid, insufficientScope } = guard;
  const first = guard.credential(0);
  const serving = (verifier: Verifier, ...before: RequestHandler[]): Promise<Served> =>
    serve(...before, guard.make({ verifier }), tell);
  const present = ({ url }: Served, headers = first): Promise<Reply> => call(url, { headers });
  const wrong = { challenges: [invalid] };

  let rejections: Rejections;
  beforeEach(() => {
    rejections = catchRejections();
  });
  afterEach(() => {
    rejections[Symbol.dispose]();
    expect(rejections.reasons).to.deep.equal([]);
  });

  const verdict = (
    title: string,
    verifier: Verifier,
    check: (reply: Reply, warnings: readonly unknown[]) => void,
  ) =>
    it(title, async () => {
      using warnings = catchWarnings();
      await using served = await serving(verifier);
      check(await present(served), warnings.codes);
    });

  for (const answer of [null, false]) {
    verdict(`${answer} is a wrong credential`, { verify: () => answer as null }, (reply, warnings) => {
      expectRefusal(reply, 'invalid_credentials', wrong);
      expect(warnings).to.deep.equal([]);
    });
  }

  const nonsense = [undefined, '', 0, 1, Number.NaN, 'true', true, {}, [], [ANN], { authenticated: false }];
  const nobody = [{ subject: '' }, { subject: 5 }, { subject: 'a', scopes: 'x' }, { subject: 'a', token: 5 }];
  for (const answer of [...nonsense, ...nobody, () => ANN, Symbol('s')]) {
    const title = typeof answer === 'object' ? JSON.stringify(answer) : String(answer);
    verdict(`the answer ${title} is 503, and loud`, { verify: () => answer as never }, (reply, warnings) => {
      expectRefusal(reply, 'unavailable');
      expect(warnings).to.deep.equal(['MCP_GUARD_VERIFIER_ANSWER']);
    });
  }

  const outages = [new Error('s3cret'), undefined, null, 'text', new McpGuardError('unavailable')];
  for (const error of [...outages, new McpGuardError('closing'), new McpGuardError('invalid_credentials')]) {
    const check = (reply: Reply): void => expectRefusal(reply, 'unavailable');
    verdict(`a throw of ${String(error)} is 503`, { verify: throwing(error) }, check);
    verdict(`a rejection with ${String(error)} is 503`, { verify: async () => throwing(error)() }, check);
  }

  verdict('a refusal by policy is 403', { verify: throwing(new McpGuardError('forbidden')) }, (reply) => {
    expectRefusal(reply, 'forbidden');
  });
  verdict(
    'a refusal for want of a scope is 403',
    { verify: throwing(new McpGuardError('insufficient_scope')) },
    (reply) => {
      expectRefusal(reply, 'insufficient_scope', {
        challenges: insufficientScope ? [insufficientScope] : [],
      });
    },
  );
  const twin = Object.assign(new Error('x'), {
    code: 'forbidden',
    [Symbol.for('express-mcp-guards.error')]: true,
  });
  verdict('a refusal from another copy of the package is one', { verify: throwing(twin) }, (reply) => {
    expectRefusal(reply, 'forbidden');
  });

  const past = { subject: 'ann', expiresAt: 1 };
  verdict('a principal whose time has passed is 401', { verify: () => past }, (reply) => {
    expectRefusal(reply, 'invalid_credentials', wrong);
  });
  verdict('an inactive principal is 401', { verify: () => ANN, isActive: () => false }, (reply) => {
    expectRefusal(reply, 'invalid_credentials', wrong);
  });
  const unsure: Readonly<Record<string, () => unknown>> = {
    'that throws': throwing(new Error('s3cret')),
    'that rejects': async () => throwing(new Error('s3cret'))(),
    'that answers 1': () => 1,
    'that answers undefined': () => undefined,
    'that resolves to "true"': async () => 'true',
    'that resolves to null': async () => null,
  };
  for (const [title, isActive] of Object.entries(unsure)) {
    verdict(`isActive ${title} is 503`, { verify: () => ANN, isActive: isActive as never }, (reply) => {
      expectRefusal(reply, 'unavailable');
    });
  }

  it('counts a wrong credential, and nothing else', async () => {
    using _warnings = catchWarnings();
    const acts: (() => unknown)[] = [
      throwing(new McpGuardError('forbidden')),
      throwing(new Error('down')),
      () => ({}),
      () => past,
      () => ANN,
    ];
    let act: () => unknown = () => null;
    await using served = await serving({ verify: () => act() as never }, mcpLoginLimiter({ points: 1 }));
    for (const [n, each] of acts.entries()) {
      act = each;
      expect((await present(served, guard.credential(n + 1))).status, String(n)).to.not.equal(429);
    }
    act = () => null;
    expect((await present(served, guard.credential(10))).status).to.equal(401);
    expect((await present(served, guard.credential(11))).status).to.equal(429);
  });

  const waits = (title: string, verifierOf: (answer: () => Promise<never>) => Verifier, timeoutMs?: number) =>
    it(title, async () => {
      using timeouts = holdTimeouts(timeoutMs ?? 5000);
      const late = gate<never>();
      let asked = 0;
      const verifier = verifierOf(() => {
        asked += 1;
        return late.opened;
      });
      await using served = await serve(
        guard.make({ verifier, ...(timeoutMs !== undefined && { timeoutMs }) }),
        tell,
      );
      const reply = present(served);
      await until('the guard waits', () => asked === 1 && timeouts.count > 0);
      timeouts.fire();
      expectRefusal(await reply, 'unavailable');
      late.open(ANN as never);
      expect((await present(served)).status).to.not.equal(401);
      expect(asked).to.equal(2);
    });
  waits('no answer within 5 s is 503, and a late one is ignored', (answer) => ({ verify: answer }));
  waits('no answer within timeoutMs is 503', (answer) => ({ verify: answer }), 1234);
  waits('no liveness within timeoutMs is 503', (answer) => ({ verify: () => ANN, isActive: answer }), 77);

  it('aborts the signal when the time is over', async () => {
    using timeouts = holdTimeouts(5000);
    const signals: AbortSignal[] = [];
    const never = gate<never>();
    await using served = await serving({
      verify: (_credentials, { signal }) => {
        signals.push(signal);
        return never.opened;
      },
    });
    const reply = present(served);
    await until('the verifier runs', () => signals.length > 0);
    expect(signals[0]?.aborted).to.equal(false);
    timeouts.fire();
    await reply;
    expect(signals[0]?.aborted).to.equal(true);
  });

  it('aborts the signal when the client is gone', async () => {
    const signals: AbortSignal[] = [];
    const answer = gate<never>();
    await using served = await serving({
      verify: (_credentials, { signal }) => {
        signals.push(signal);
        return answer.opened;
      },
    });
    const client = new AbortController();
    const reply = call(served.url, { headers: first, signal: client.signal }).catch(() => 'gone');
    await until('the verifier runs', () => signals.length > 0);
    client.abort();
    expect(await reply).to.equal('gone');
    await until('the signal is aborted', () => signals[0]?.aborted);
    answer.open(null as never);
  });

  for (const maxConcurrent of [undefined, 2]) {
    const most = maxConcurrent ?? guard.maxConcurrent;
    it(`runs ${most} at once${maxConcurrent ? ', where told' : ''}, and refuses the next`, async () => {
      const answer = gate<never>();
      let running = 0;
      const verify = (): Promise<never> => {
        running += 1;
        return answer.opened;
      };
      await using served = await serve(
        guard.make({ verifier: { verify }, ...(maxConcurrent !== undefined && { maxConcurrent }) }),
        tell,
      );
      const replies = Array.from({ length: most }, (_, n) => present(served, guard.credential(n)));
      await until('as many run as may', () => running === most);
      expectRefusal(await present(served, guard.credential(most)), 'unavailable');
      const same = present(served, guard.credential(0));
      answer.open(ANN as never);
      for (const reply of await Promise.all([...replies, same])) expect(reply.status).to.equal(200);
      expect(running).to.equal(most);
      expect((await present(served, guard.credential(most))).status).to.equal(200);
    });
  }
}
