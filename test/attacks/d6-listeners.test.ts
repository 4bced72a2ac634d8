import { channel } from 'node:diagnostics_channel';

import { expect } from 'chai';

import {
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  onGuardEvent,
} from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { listen } from '../support/events.js';
import { until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { catchRejections } from '../support/rejections.js';
import { serve } from '../support/serve.js';
import { catchWarnings } from '../support/warnings.js';
import { person, right } from './support/people.js';
import { begin, end, hear, use } from './support/sessions.js';

const verify = ({ username, password }: { username: string; password: string }) =>
  password === 'right' ? person(username) : null;

const LISTENERS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('listener');
  },
  'throws undefined': () => {
    throw undefined;
  },
  rejects: () => Promise.reject(new Error('listener')),
  'never answers': () => new Promise(() => {}),
};

for (const [how, listener] of Object.entries(LISTENERS)) {
  it(`D6: a listener that ${how} changes no answer, and keeps no other listener from hearing`, async () => {
    using rejections = catchRejections();
    const stop = onGuardEvent(listener as () => void);
    using heard = listen();
    try {
      const sessions = mcpSessionBinding();
      await using served = await serve(
        mcpLoginLimiter({ points: 2 }),
        mcpBasicAuth({ verifier: verify }),
        sessions,
        mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
      );
      const { url } = served;
      const session = await begin(url, right('alice'));
      expect((await use(url, right('alice'), session)).status).to.equal(200);
      expect((await use(url, right('bob'), session)).status).to.equal(404);
      expect((await end(url, right('alice'), session)).status).to.equal(200);
      for (const [i, status] of [401, 401, 429].entries()) {
        const headers = { authorization: basic('alice', `wrong ${i}`) };
        expect((await call(url, { headers, body: initialize() })).status).to.equal(status);
      }
      await begin(url, right('bob'));
      expect(await sessions.revoke({ subject: 'bob' })).to.equal(1);
    } finally {
      stop();
    }
    expect(heard.types()).to.include.members([
      'auth.succeeded',
      'auth.failed',
      'auth.throttled',
      'session.started',
      'session.refused',
      'session.ended',
    ]);
    // What a subscriber throws surfaces one tick later.
    await new Promise((resolve) => setImmediate(resolve));
    expect(rejections.reasons).to.deep.equal([]);
  });
}

it('D6: a listener that has stopped twice leaves the channel as it was', () => {
  const before = channel('express-mcp-guards').hasSubscribers;
  const stops = [onGuardEvent(() => {}), onGuardEvent(() => {})];
  for (const stop of [...stops, ...stops]) stop();
  expect(channel('express-mcp-guards').hasSubscribers).to.equal(before);
});

const ENDINGS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('secret of the database');
  },
  rejects: () => Promise.reject(new Error('secret of the database')),
  'rejects with undefined': () => Promise.reject(),
};

for (const [how, endSession] of Object.entries(ENDINGS)) {
  it(`D6: an endSession that ${how} changes no answer: the session is over, its stream closed`, async () => {
    using rejections = catchRejections();
    using warnings = catchWarnings();
    using heard = listen();
    let calls = 0;
    const sessions = mcpSessionBinding({ maxSessionsPerPrincipal: 1 });
    await using served = await serve(
      mcpBasicAuth({
        verifier: {
          verify,
          endSession: () => {
            calls += 1;
            return endSession() as undefined;
          },
        },
      }),
      sessions,
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
    const { url } = served;
    const first = await begin(url, right('alice'));
    const stream = await hear(url, right('alice'), first);
    expect((await end(url, right('alice'), first)).status).to.equal(200);
    await stream.ended;
    expect((await use(url, right('alice'), first)).status).to.equal(404);

    const second = await begin(url, right('alice'));
    expect(await sessions.revoke({ sessionId: second })).to.equal(1);
    await begin(url, right('alice'));
    const fourth = await begin(url, right('alice'));
    expect((await use(url, right('alice'), fourth)).status, 'after an eviction').to.equal(200);
    await until('the evicted one has ended', () => calls === 3);
    await sessions.close();
    expect(calls).to.equal(4);
    const failures = heard.events.filter(({ type }) => type === 'server.failed');
    expect(failures.map((event) => 'reason' in event && event.reason)).to.deep.equal(
      Array(4).fill('end_session'),
    );
    expect(JSON.stringify([heard.events, warnings.texts])).not.to.include('secret');
    expect(rejections.reasons).to.deep.equal([]);
  });
}

it('D6: an endSession that never answers holds up neither DELETE nor revocation nor shutdown', async () => {
  using warnings = catchWarnings();
  using heard = listen();
  const sessions = mcpSessionBinding();
  const mcp = mcpHandler({ createServer: ({ principal }) => buildServer(principal) });
  const verifier = { verify, endSession: () => new Promise<void>(() => {}) };
  await using served = await serve(mcpBasicAuth({ verifier }), sessions, mcp);
  const { url } = served;
  const ways: readonly ((session: string) => Promise<unknown>)[] = [
    (session) => end(url, right('alice'), session),
    (sessionId) => sessions.revoke({ sessionId }),
    () => sessions.revoke({ subject: 'alice' }),
    () => mcp.close({ graceMs: 0 }),
  ];
  for (const [i, way] of ways.entries()) {
    const session = await begin(url, right('alice'));
    const stream = await hear(url, right('alice'), session);
    using timeouts = holdTimeouts(5000);
    const ending = way(session);
    await until('the stream is closed, whoever still waits', () => stream.isEnded);
    await until('endSession is waited for', () => timeouts.count > 0);
    timeouts.fire();
    await ending;
    const failures = heard.events.filter(({ type }) => type === 'server.failed');
    expect(failures).to.have.length(i + 1);
  }
  expect(warnings.codes).to.deep.equal(Array(4).fill('MCP_GUARD_SERVER'));
});

it('D6: an onError that throws changes no answer', async () => {
  using rejections = catchRejections();
  await using served = await serve(
    mcpBasicAuth({ verifier: verify }),
    mcpSessionBinding(),
    mcpHandler({
      createServer: () => {
        throw new Error('down');
      },
      onError: () => {
        throw new Error('listener');
      },
    }),
  );
  const { status, code } = await call(served.url, {
    headers: { authorization: right('alice') },
    body: initialize(),
  });
  expect([status, code]).to.deep.equal([503, 'unavailable']);
  expect(rejections.reasons).to.deep.equal([]);
});
