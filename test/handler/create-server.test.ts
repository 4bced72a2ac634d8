import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import type { GuardNews } from '../../lib/events.js';
import {
  type CreateServerContext,
  errorTeller,
  type Failure,
  inEra,
  policyOr503,
  reporter,
  serverMaker,
  serverOrder,
} from '../../lib/handler/create-server.js';
import { EndSignal } from '../../lib/sessions/end-signal.js';
import { holdTimeouts } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { catchWarnings } from '../support/warnings.js';

const MS = 4321;
const context: CreateServerContext = {
  principal: { subject: 'ada' },
  sessionId: 'id',
  credentials: { fetch, get: () => undefined },
  signal: new AbortController().signal,
};

interface FakeServer {
  closed: number;
  connect(): Promise<void>;
  close(): Promise<void>;
}

function fakeServer(): FakeServer {
  return {
    closed: 0,
    async connect() {},
    async close() {
      this.closed += 1;
    },
  };
}

interface Making {
  make(): Promise<FakeServer>;
  readonly reports: readonly [failure: Failure, what: string, error: unknown][];
}

function making(createServer: (context: CreateServerContext) => unknown): Making {
  const reports: [Failure, string, unknown][] = [];
  const maker = serverMaker('mcpHandler', createServer as () => FakeServer, MS, (...report) =>
    reports.push(report),
  );
  return { make: async () => maker(context), reports };
}

async function refusal(work: Promise<unknown>): Promise<McpGuardError> {
  try {
    await work;
  } catch (error) {
    return error as McpGuardError;
  }
  throw new Error('it was not refused');
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('serverMaker', () => {
  failsOnUnhandledRejections();

  it('answers the server, made at once or later, for the context', async () => {
    const servers = [fakeServer(), fakeServer()];
    const contexts: unknown[] = [];
    const { make, reports } = making((given) => {
      contexts.push(given);
      return contexts.length === 1 ? servers[0] : Promise.resolve(servers[1]);
    });
    expect(await make()).to.equal(servers[0]);
    expect(await make()).to.equal(servers[1]);
    expect(contexts).to.deep.equal([context, context]);
    expect(reports).to.deep.equal([]);
  });

  for (const [how, fail] of [
    [
      'throws',
      (error: unknown) => {
        throw error;
      },
    ],
    ['rejects', (error: unknown) => Promise.reject(error)],
  ] as const) {
    it(`A10 is an outage where createServer ${how}, and reported`, async () => {
      const error = new Error('s3cret');
      const { make, reports } = making(() => fail(error));
      const refused = await refusal(make());
      expect(refused).to.include({ code: 'unavailable', cause: error });
      expect(refused.message).to.not.include('s3cret');
      expect(reports).to.deep.equal([['create_server', 'createServer failed', error]]);
    });

    for (const code of ['forbidden', 'insufficient_scope'] as const) {
      it(`A10 is ${code} where createServer ${how} that, and nothing to report`, async () => {
        const error = new McpGuardError(code);
        const { make, reports } = making(() => fail(error));
        expect(await refusal(make())).to.equal(error);
        expect(reports).to.deep.equal([]);
      });
    }
  }

  it('A10 is an outage where createServer hangs; a server that comes after all is closed', async () => {
    using timeouts = holdTimeouts(MS);
    const late = gate<FakeServer>();
    const { make, reports } = making(() => late.opened);
    const refused = refusal(make());
    await settle();
    timeouts.fire();
    expect(await refused).to.include({ code: 'unavailable' });
    expect(reports).to.have.length(1);
    const server = fakeServer();
    late.open(server);
    await settle();
    expect(server.closed).to.equal(1);
  });

  it('A10 tolerates what comes too late and is no server, or fails, or cannot be closed', async () => {
    using timeouts = holdTimeouts(MS);
    const stuck = { ...fakeServer(), close: () => Promise.reject(new Error('stuck')) };
    for (const outcome of [undefined, null, 5, {}, stuck, new Error('late')]) {
      const late = gate<unknown>();
      const { make } = making(() => late.opened);
      const refused = refusal(make());
      await settle();
      timeouts.fire();
      await refused;
      if (outcome instanceof Error) late.fail(outcome);
      else late.open(outcome);
      await settle();
    }
  });

  it('A10 closes no server that works for another session, although it comes late', async () => {
    using timeouts = holdTimeouts(MS);
    const late = gate<FakeServer>();
    const shared = fakeServer();
    let turn = 0;
    const { make } = making(() => {
      turn += 1;
      return turn === 1 ? shared : late.opened;
    });
    await make();
    const refused = refusal(make());
    await settle();
    timeouts.fire();
    await refused;
    late.open(shared);
    await settle();
    expect(shared.closed).to.equal(0);
  });

  it('A10 refuses the same server twice, loudly, and the first goes on', async () => {
    const shared = fakeServer();
    const { make, reports } = making(() => shared);
    expect(await make()).to.equal(shared);
    const refused = await refusal(make());
    expect(refused.code).to.equal('unavailable');
    expect(refused.cause).to.be.instanceOf(TypeError);
    expect(String(refused.cause)).to.include('mcpHandler: createServer returned the same server twice');
    expect(reports.map(([failure, what]) => [failure, what])).to.deep.equal([
      ['create_server', 'createServer returned the same server twice; it must return a fresh one'],
    ]);
    expect(shared.closed).to.equal(0);
  });

  it('A10 refuses what is no server, loudly', async () => {
    for (const nonsense of [
      undefined,
      null,
      5,
      'server',
      {},
      [],
      { connect() {} },
      { close() {} },
      () => {},
    ]) {
      const { make, reports } = making(() => nonsense);
      expect((await refusal(make())).code).to.equal('unavailable');
      expect(reports.map(([, what]) => what)).to.deep.equal([
        'createServer returned something that is not an MCP server',
      ]);
    }
  });

  it('leaves no timer behind', async () => {
    using timeouts = holdTimeouts(MS);
    await making(fakeServer).make();
    await refusal(making(() => Promise.reject(new Error('x'))).make());
    expect(timeouts.count).to.equal(0);
  });
});

describe('policyOr503', () => {
  it('leaves a refusal by policy, and hides all else in an outage', () => {
    const forbidden = new McpGuardError('forbidden');
    expect(policyOr503(forbidden)).to.equal(forbidden);
    for (const error of [new McpGuardError('session_limit'), new Error('x'), 'text', undefined, null]) {
      expect(policyOr503(error)).to.include({ code: 'unavailable', cause: error });
    }
  });
});

describe('errorTeller', () => {
  it('gives the error as it is to who wants it, and warns of nothing', () => {
    using warnings = catchWarnings();
    const heard: unknown[] = [];
    const error = new Error('s3cret');
    errorTeller('owner', (given) => heard.push(given))('it failed', error);
    expect(heard).to.deep.equal([error]);
    expect(warnings.texts).to.deep.equal([]);
  });

  it('D6 tolerates one that throws', () => {
    errorTeller('owner', () => {
      throw new Error('bug');
    })('it failed', new Error('x'));
  });

  it('F1 warns of what failed, without its content, where nobody wants it', () => {
    using warnings = catchWarnings();
    const tell = errorTeller('owner', undefined);
    tell('it failed', new RangeError('s3cret'));
    tell('it failed', 's3cret');
    expect(warnings.texts).to.deep.equal([
      'owner: it failed (RangeError); pass onError to see it',
      'owner: it failed (string); pass onError to see it',
    ]);
    expect(warnings.codes).to.deep.equal(['MCP_GUARD_SERVER', 'MCP_GUARD_SERVER']);
  });
});

describe('reporter', () => {
  it('tells the listeners that, and the developer what', () => {
    const news: GuardNews[] = [];
    const told: unknown[] = [];
    const error = new Error('x');
    reporter(
      (piece) => news.push(piece),
      (...what) => told.push(what),
    )('start_session', 'startSession failed', error);
    expect(news).to.deep.equal([{ type: 'server.failed', reason: 'start_session' }]);
    expect(told).to.deep.equal([['startSession failed', error]]);
  });
});

describe('serverOrder and inEra', () => {
  it('say whom a server is for, and when that is over, in either era', () => {
    const end = new EndSignal();
    const { principal, sessionId, credentials } = context;
    const order = serverOrder(principal, sessionId, credentials, end);
    const modern = inEra(order, 'modern');
    expect({ ...order }).to.deep.equal({ principal, sessionId, credentials, signal: end.signal });
    expect({ ...modern }).to.deep.equal({
      principal,
      sessionId,
      credentials,
      signal: end.signal,
      era: 'modern',
    });
    expect([order.signal.aborted, modern.signal.aborted]).to.deep.equal([false, false]);
    end.abort();
    expect([order.signal.aborted, modern.signal.aborted]).to.deep.equal([true, true]);
  });
});
