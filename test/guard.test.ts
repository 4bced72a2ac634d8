import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import { expect } from 'chai';
import type { Request, Response } from 'express';

import { McpGuardError } from '../lib/errors.js';
import {
  defineGuard,
  endAnswer,
  type GuardAct,
  type GuardOutcome,
  HANDLED,
  writeDenial,
} from '../lib/guard.js';
import { requestState } from '../lib/request-state.js';
import { call, open } from './support/call.js';
import { holdTimeouts } from './support/clock.js';
import { gate, until } from './support/gate.js';
import { expectRefusal } from './support/refusal.js';
import { serve } from './support/serve.js';
import { failsOnUnhandledRejections } from './support/unhandled.js';

const LAST_BYTES_MS = 500;

/** A request and its response without a network, and what became of them. */
function exchange(): { request: Request; response: Response; ended: () => number } {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  let ended = 0;
  const end = response.end.bind(response);
  response.end = ((...args: Parameters<typeof end>) => {
    ended += 1;
    return end(...args);
  }) as typeof response.end;
  return {
    request: request as unknown as Request,
    response: response as unknown as Response,
    ended: () => ended,
  };
}

interface Exits {
  /** What `next` was called with, each time. */
  readonly nexts: readonly unknown[][];
  readonly denials: number;
  readonly status: number;
}

async function exitsOf(act: GuardAct): Promise<Exits> {
  const { request, response, ended } = exchange();
  const nexts: unknown[][] = [];
  defineGuard('aGuard', act)(request, response, (...args: unknown[]) => nexts.push(args));
  await new Promise((resolve) => setImmediate(resolve));
  return { nexts, denials: ended(), status: response.statusCode };
}

describe('defineGuard', () => {
  failsOnUnhandledRejections();

  it('names the middleware', () => {
    expect(defineGuard('mcpSomething', () => undefined)).to.include({ name: 'mcpSomething', length: 3 });
  });

  const bug = new Error('bug');
  const throwing = (error: unknown) => () => {
    throw error;
  };
  const rows: readonly (readonly [
    what: string,
    act: GuardAct,
    exit: 'next' | 'denial' | 'error' | 'none',
    status?: number,
  ])[] = [
    ['nothing', () => undefined, 'next'],
    ['a promise of nothing', async () => undefined, 'next'],
    ['a denial', () => ({ code: 'forbidden_origin' }), 'denial', 403],
    ['a promise of a denial', async () => ({ code: 'missing_credentials' }), 'denial', 401],
    ['HANDLED', () => HANDLED, 'none'],
    ['a promise of HANDLED', async (): Promise<GuardOutcome> => HANDLED, 'none'],
    ['a thrown McpGuardError', throwing(new McpGuardError('session_limit')), 'denial', 503],
    ['a rejected McpGuardError', async () => throwing(new McpGuardError('forbidden'))(), 'denial', 403],
    ['a throw', throwing(bug), 'error'],
    ['a rejection', async () => throwing(bug)(), 'error'],
  ];
  for (const [what, act, exit, status] of rows) {
    it(`${what}: one exit, ${exit}`, async () => {
      const { nexts, denials, status: written } = await exitsOf(act);
      expect(nexts).to.deep.equal(exit === 'next' ? [[]] : exit === 'error' ? [[bug]] : []);
      expect(denials).to.equal(exit === 'denial' ? 1 : 0);
      if (status !== undefined) expect(written).to.equal(status);
    });
  }

  it('takes no second exit where what comes after next() throws', () => {
    const { request, response, ended } = exchange();
    let nexts = 0;
    const guard = defineGuard('aGuard', () => undefined);
    expect(() =>
      guard(request, response, () => {
        nexts += 1;
        throw new McpGuardError('forbidden');
      }),
    ).to.throw(McpGuardError);
    expect(nexts).to.equal(1);
    expect(ended()).to.equal(0);
  });

  it('goes on at once where it need not wait', () => {
    const { request, response } = exchange();
    let isNext = false;
    defineGuard('aGuard', () => undefined)(request, response, () => {
      isNext = true;
    });
    expect(isNext).to.equal(true);
  });

  it('gives what it guards the state of the request', async () => {
    const { request, response } = exchange();
    const seen: unknown[] = [];
    defineGuard('aGuard', (...args) => void seen.push(...args))(request, response, () => {});
    expect(seen).to.deep.equal([request, response, requestState(request)]);
  });

  it('tells Retry-After, and the challenges that the request has met', async () => {
    const challenged = defineGuard('first', (_request, _response, { challenges }) => {
      challenges.push({ scheme: 'basic', plain: 'Basic realm="x"' });
      return undefined;
    });
    const throttled = defineGuard('second', () => {
      throw new McpGuardError('too_many_attempts', { retryAfterSeconds: 42 });
    });
    const refused = defineGuard('third', () => ({ code: 'missing_credentials' }));
    await using one = await serve(challenged, throttled);
    expectRefusal(await call(one.url), 'too_many_attempts', { retryAfter: '42' });
    await using two = await serve(challenged, refused);
    expectRefusal(await call(two.url), 'missing_credentials', { challenges: ['Basic realm="x"'] });
  });

  describe('a denial is not written', () => {
    it('after an answer has begun', async () => {
      const late = gate();
      const guard = defineGuard('aGuard', async (_request, response) => {
        response.writeHead(200).write('begun, ');
        await late.opened;
        return { code: 'forbidden' };
      });
      const { request, response, ended } = exchange();
      guard(request, response, () => {});
      late.open();
      await new Promise((resolve) => setImmediate(resolve));
      expect(ended()).to.equal(0);
      expect(response.statusCode).to.equal(200);
    });

    it('when the client is gone', async () => {
      const { request, response, ended } = exchange();
      const late = gate();
      defineGuard('aGuard', () => late.opened.then(() => ({ code: 'forbidden' as const })))(
        request,
        response,
        () => {},
      );
      response.destroy();
      late.open();
      await new Promise((resolve) => setImmediate(resolve));
      expect(ended()).to.equal(0);
      expect(response.headersSent).to.equal(false);
    });
  });
});

describe('writeDenial', () => {
  it('writes once', () => {
    const { request, response, ended } = exchange();
    const state = requestState(request);
    writeDenial(response, { code: 'closing' }, state);
    writeDenial(response, { code: 'forbidden' }, state);
    expect(ended()).to.equal(1);
    expect(response.statusCode).to.equal(503);
    expect(response.getHeader('Connection')).to.equal('close');
  });
});

describe('endAnswer', () => {
  /** Serves an answer that is ended from outside; `begin` makes its start. */
  async function ending(begin: (response: Response) => void): ReturnType<typeof serve> {
    return serve((request, response) => {
      begin(response);
      response.once('close', () => {});
      setImmediate(() => endAnswer(response, { code: 'session_not_found' }, requestState(request)));
    });
  }

  it('is a denial where nothing is out yet', async () => {
    await using served = await ending(() => {});
    expectRefusal(await call(served.url), 'session_not_found');
  });

  it('is the last byte where an answer has begun', async () => {
    await using served = await ending((response) => response.writeHead(200).write('data: 1\n\n'));
    const reply = await call(served.url);
    expect(reply.status).to.equal(200);
    expect(reply.text).to.equal('data: 1\n\n');
  });

  it('does nothing where the answer is finished', () => {
    using timeouts = holdTimeouts(LAST_BYTES_MS);
    const { response, request, ended } = exchange();
    Object.defineProperties(response, { headersSent: { value: true }, writableFinished: { value: true } });
    endAnswer(response, { code: 'closing' }, requestState(request));
    expect(ended()).to.equal(0);
    expect(timeouts.count).to.equal(0);
  });

  it('A12 waits half a second for a client that does not read, then cuts it off', async () => {
    using timeouts = holdTimeouts(LAST_BYTES_MS);
    let response: Response | undefined;
    await using served = await serve((_request, answer) => {
      response = answer;
      answer.writeHead(200).write(Buffer.alloc(16 * 1024 * 1024));
    });
    const incoming = await open(served.url);
    incoming.on('error', () => {});
    incoming.pause();
    await until('the answer has begun', () => response);
    const answer = response as Response;
    let ends = 0;
    const end = answer.end.bind(answer);
    answer.end = ((...args: Parameters<typeof end>) => {
      ends += 1;
      return end(...args);
    }) as typeof answer.end;
    endAnswer(answer, { code: 'closing' }, requestState(answer.req));
    endAnswer(answer, { code: 'closing' }, requestState(answer.req));
    expect(ends).to.equal(1);
    expect(answer.destroyed).to.equal(false);
    timeouts.fire();
    expect(answer.destroyed).to.equal(true);
    incoming.destroy();
  });

  it('E6 leaves no timer behind where the client reads', async () => {
    using timeouts = holdTimeouts(LAST_BYTES_MS);
    await using served = await ending((response) => response.writeHead(200).write('x'));
    await call(served.url);
    await until('the response is closed', () => timeouts.count === 0);
  });
});
