import { AssertionError } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { expect } from 'chai';
import express, { type Express } from 'express';

import { mcpBasicAuth, mcpHandler, mcpOriginGuard, mcpSessionBinding } from '../../lib/index.js';
import {
  type AssertGuardedOptions,
  assertGuarded,
  type Guarded,
  NotGuardedError,
} from '../../lib/testing/index.js';
import { ours } from '../audit/support/ours.js';
import { bare } from '../bench/server/bare.js';
import { buildServer } from '../support/mcp.js';

const ada = { username: 'ada', password: 'right' };
const bob = { username: 'bob', password: 'right' };
const two: AssertGuardedOptions = { credentials: ada, otherCredentials: bob };

function appAt(path: string, allowedHosts?: readonly string[]): Express {
  const verify = ({ username, password }: { username: string; password: string }) =>
    password === 'right' ? { subject: username } : null;
  return express()
    .disable('x-powered-by')
    .use(
      path,
      mcpOriginGuard(allowedHosts ? { allowedHosts } : {}),
      mcpBasicAuth({ verifier: verify }),
      mcpSessionBinding(),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
}

async function failureOf(guarded: unknown, options?: unknown): Promise<Error> {
  const outcome = await assertGuarded(guarded as Guarded, options as AssertGuardedOptions).catch(
    (error: unknown) => error,
  );
  expect(outcome).to.be.an.instanceOf(Error);
  return outcome as Error;
}

describe('assertGuarded', () => {
  it('resolves to the report of an Express app that is guarded', async () => {
    const report = await assertGuarded(appAt('/mcp'), two);
    expect(report.findings).to.deep.equal([]);
    expect(report.checks.find(({ id }) => id === 'session-hijack')?.outcome).to.equal('passed');
    expect(report.url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
  });

  it('takes another path, and headers that go along with everything', async () => {
    const app = appAt('/api/mcp', ['wiki.example.com']);
    const report = await assertGuarded(app, {
      ...two,
      path: '/api/mcp',
      headers: { Host: 'wiki.example.com' },
    });
    expect(report.url).to.match(/\/api\/mcp$/);
  });

  it('takes a URL, with every way to present a credential', async () => {
    await using app = await ours();
    await assertGuarded(app.url.href, {
      credentials: { token: 'token-of-ada' },
      otherCredentials: { headers: { Authorization: 'Bearer token-of-bob' } },
      tokenInQuery: true,
    });
    await assertGuarded(app.url, { ...two, legacySsePath: '/sse', guesses: 8 });
    expect(await app.sessions()).to.equal(0);
  });

  it('leaves a server that listens as it is, and closes one that it made listen', async () => {
    const server: Server = createServer(appAt('/mcp'));
    await assertGuarded(server, two);
    expect(server.listening).to.equal(false);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await assertGuarded(server, two);
    expect(server.listening).to.equal(true);
    server.close();
    server.listen(0, '::1');
    await once(server, 'listening');
    await assertGuarded(server, two);
    server.close();
    await once(server, 'close');
  });

  it('rejects with an AssertionError that lists what was found, and closes the app', async () => {
    const error = await failureOf(bare({ answers: 'sse', tools: 1 } as never).set('env', 'test'), two);
    expect(error).to.be.an.instanceOf(NotGuardedError).and.an.instanceOf(AssertionError);
    const { message, report, actual, expected, code } = error as NotGuardedError;
    expect(message).to.include('high: A session serves somebody else: POST of a request (hijack-request)');
    expect(message).to.include('fix: Keep with each session who began it');
    expect(message).to.not.include('right').and.not.include('YWRhOnJpZ2h0');
    expect(report.findings.length).to.be.at.least(10);
    expect([code, actual, expected]).to.deep.equal([
      'ERR_ASSERTION',
      report.findings.filter(({ severity }) => severity !== 'advice').map(({ id }) => id),
      [],
    ]);
  });

  it('looks only for what it is told, and fails only from a severity on', async () => {
    const app = express().use(appAt('/mcp'));
    const { report } = (await failureOf(app, two)) as NotGuardedError;
    expect(report.findings.map(({ id }) => id)).to.deep.equal(['leak-product']);
    await assertGuarded(app, { ...two, failOn: 'medium' });
    await assertGuarded(app, { ...two, skip: ['error-leaks'] });
    const { checks } = await assertGuarded(app, { ...two, only: ['session-hijack', 'origin'] });
    expect(checks.map(({ id }) => id)).to.deep.equal(['session-hijack', 'origin']);
  });

  it('rejects where a credential is refused, where a check gets no answer, and where no MCP is', async () => {
    expect((await failureOf(appAt('/mcp'), { credentials: { ...ada, password: 'wrong' } })).message).to.equal(
      'the first credential is not served: it is answered 401 and 401',
    );
    expect((await failureOf(express(), two)).message).to.include('no MCP endpoint answers there');
    const guarded = appAt('/mcp');
    const silent = express().use((request, response, next) => {
      if (request.method !== 'TRACE') guarded(request, response, next);
    });
    const error = await failureOf(silent, { ...two, timeoutMs: 500 });
    expect(error).to.be.an.instanceOf(NotGuardedError);
    expect(error.message).to.include('other-methods: stopped: no answer within 0.5 s');
  });

  const BAD: readonly (readonly [unknown, unknown, string])[] = [
    ['https://example.com/mcp', {}, 'it takes an app, a server, or a URL of this machine'],
    ['ftp://127.0.0.1/', {}, 'it takes an app, a server, or a URL of this machine'],
    [{}, {}, 'it takes an app, a server, or a URL of this machine'],
    [express(), null, 'options must be an object'],
    [express(), { user: 'x' }, 'unknown option "user"'],
    [express(), { path: 'mcp' }, 'option "path" must be a path that begins with /'],
    [express(), { credentials: 'x' }, 'option "credentials" must be an object with username'],
    [express(), { credentials: { token: '' } }, 'option "credentials" must be an object with username'],
    [express(), { credentials: { username: 'x' } }, 'option "credentials" must be an object with username'],
    [express(), { credentials: { headers: {} } }, 'option "credentials" must be an object with username'],
    [express(), { headers: { 'a b': 'x' } }, 'option "headers" must be an object of headers'],
    [express(), { headers: 'x' }, 'option "headers" must be an object of headers'],
    [express(), { guesses: 0 }, 'option "guesses" must be a positive integer'],
    [express(), { only: ['x'] }, 'option "only" must be an array of ids of checks'],
    [express(), { failOn: 'advice' }, 'option "failOn" must be one of "high", "medium", "low"'],
    [express(), { timeoutMs: NaN }, 'option "timeoutMs" must be a positive number of milliseconds'],
    [express(), { otherCredentials: ada }, 'option "otherCredentials" needs "credentials"'],
    [express(), { ...two, otherCredentials: ada }, 'option "otherCredentials" must be of another person'],
  ];
  for (const [guarded, options, text] of BAD) {
    it(`rejects with a TypeError: ${text}`, async () => {
      const error = await failureOf(guarded, options);
      expect(error).to.be.an.instanceOf(TypeError);
      expect(error.message).to.include(`assertGuarded: ${text}`);
    });
  }
});
