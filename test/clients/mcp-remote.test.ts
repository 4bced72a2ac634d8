import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { expect } from 'chai';

import { mcpBasicAuth, mcpLoginLimiter, mcpRequireAuth, mcpTokenGuard } from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { until } from '../support/gate.js';
import { as } from '../support/guarded.js';
import { serveApp } from '../support/serve.js';
import { watchedV1, watchedV2 } from './support/apps.js';
import { OAUTH_ATTEMPT, REFUSED } from './support/cases.js';
import { remote } from './support/remote.js';
import { watch } from './support/seen.js';

/** What it asks for before it connects, whatever its headers: once with them, then without, then with them again. */
const looksAround = (status: number): readonly string[] => [
  `GET ${status}`,
  'GET /.well-known/oauth-protected-resource/mcp 404',
  'GET /.well-known/oauth-protected-resource 404',
  'GET /.well-known/oauth-authorization-server/mcp 404',
  'GET /.well-known/oauth-authorization-server 404',
  'GET /.well-known/openid-configuration/mcp 404',
  'GET /mcp/.well-known/openid-configuration 401',
  `GET ${status}`,
];
/** One session of its own, and one for the client that it serves. */
const TWO_SESSIONS = ['GET 200', 'GET 200', 'POST 200', 'POST 200', 'POST 202', 'POST 202'];
const REGISTRATION = 'Dynamic Client Registration rejected (HTTP 404)';

const headerOf = (authorization = ''): readonly string[] => ['--header', `Authorization: ${authorization}`];
const ANN = headerOf(as('ann').authorization);
const echo = async (client: Client): Promise<unknown> => {
  const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
  return (content as { text?: string }[])[0]?.text;
};
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => expect.fail('it was served'),
    (error: Error) => error.message,
  );

describe('mcp-remote', function () {
  this.timeout(60_000);

  it('looks for OAuth first, then begins two sessions, one of which it serves its client from', async () => {
    await using app = await watchedV1();
    await using proxy = remote(app.url);
    await proxy.connect(...ANN);
    expect(await echo(proxy.client)).to.equal('hello');
    await app.sees('GET 200', 2);
    const [first, rest] = [app.lines.slice(0, 8), app.lines.slice(8)];
    expect(first).to.deep.equal(looksAround(400));
    expect([...rest].sort()).to.deep.equal([...TWO_SESSIONS, 'POST 200'].sort());
    expect(await app.sessions.list()).to.have.length(2);
    await proxy.client.close();
    expect(app.lines).to.not.include('DELETE 200');
    expect(await app.sessions.list()).to.have.length(2);
  });

  it('takes its headers from a file, from its environment, and sends each to the endpoint alone', async () => {
    await using app = await watchedV1({
      before: [mcpLoginLimiter({ points: 1 }), mcpTokenGuard({ token: 's' })],
    });
    await using proxy = remote(app.url, { AUTH_HEADER: as('ann').authorization });
    const file = join(proxy.home, 'headers');
    writeFileSync(file, '# a comment\nX-MCP-Token: s\n');
    await proxy.connect('--header-file', file, '--header', `Authorization:\${AUTH_HEADER}`);
    expect(await echo(proxy.client)).to.equal('hello');
    for (const { line, headers } of app.seen) {
      const credentials = [headers.authorization, headers['x-mcp-token']];
      expect(credentials, line).to.deep.equal(
        line.includes('.well-known') ? [undefined, undefined] : [as('ann').authorization, 's'],
      );
    }
  });

  it('ends at a wrong password, with an attempt at OAuth by either transport, and one failed login', async () => {
    await using app = await watchedV1({ before: [mcpLoginLimiter({ points: 2 })] });
    await using proxy = remote(app.url);
    const wrong = headerOf(basic('ann', 'wrong'));
    expect(await messageOf(proxy.connect(...wrong))).to.include('Connection closed');
    expect(app.lines).to.deep.equal([
      ...looksAround(401),
      ...['POST 401', ...OAUTH_ATTEMPT],
      ...['GET 401', ...OAUTH_ATTEMPT],
    ]);
    await until('it has told its user', () => proxy.log.includes(REGISTRATION));
    const other = { authorization: basic('ann', 'another') };
    expect((await call(app.url, { headers: other, body: initialize() })).status).to.equal(401);
    expect((await call(app.url, { headers: other, body: initialize() })).status).to.equal(401);
  });

  for (const { status, code, setting } of REFUSED.filter(({ status }) => status === 403 || status === 503)) {
    it(`ends at ${status}, and its log has ${code}`, async () => {
      await using app = await watchedV1(setting);
      await using proxy = remote(app.url);
      expect(await messageOf(proxy.connect(...ANN))).to.include('Connection closed');
      expect(app.lines).to.deep.equal([...looksAround(status), `POST ${status}`]);
      await until('it has told its user', () => proxy.log.includes(`"code":"${code}"`));
    });
  }

  it('begins a new session when its own has ended, and does the call again', async () => {
    await using app = await watchedV1();
    await using proxy = remote(app.url);
    await proxy.connect(...ANN);
    expect(await echo(proxy.client)).to.equal('hello');
    await app.sessions.revoke({ subject: 'ann' });
    app.forget();
    expect(await echo(proxy.client)).to.equal('hello');
    expect(app.lines.filter((line) => line.startsWith('POST'))).to.deep.equal([
      'POST 404',
      'POST 200',
      'POST 202',
      'POST 200',
    ]);
  });

  it('answers its client with what became of the attempt at OAuth, once the person is disabled', async () => {
    let isActive = true;
    await using app = await watchedV1({ basic: { isActive: () => isActive } });
    await using proxy = remote(app.url);
    await proxy.connect(...ANN);
    expect(await echo(proxy.client)).to.equal('hello');
    isActive = false;
    expect(await messageOf(echo(proxy.client))).to.include(REGISTRATION);
    isActive = true;
    expect(await echo(proxy.client)).to.equal('hello');
  });

  it('speaks 2026-07-28 with --protocol auto, and its client the old era', async () => {
    await using app = await watchedV2();
    await using proxy = remote(app.url);
    await proxy.connect(...ANN, '--protocol', 'auto');
    expect(await echo(proxy.client)).to.equal('hello');
    await until('it listens for changes', () => app.lines.length === 12);
    const methods = app.seen.flatMap(({ headers }) => headers['mcp-method'] ?? []);
    expect(methods).to.have.members([
      'server/discover',
      'server/discover',
      'subscriptions/listen',
      'tools/call',
    ]);
  });

  it('hands its headers to the authorization server that the endpoint names, too', async () => {
    await using authorization = await serveApp((app) => {
      app.get('/.well-known/oauth-authorization-server', ({ headers: { host } }, response) => {
        response.json({
          issuer: `http://${host}`,
          authorization_endpoint: `http://${host}/authorize`,
          token_endpoint: `http://${host}/token`,
          registration_endpoint: `http://${host}/register`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
        });
      });
    });
    const { seen } = watch(authorization.server);
    await using app = await serveApp((app) => {
      app.get('/.well-known/oauth-protected-resource/mcp', ({ headers: { host } }, response) => {
        response.json({
          resource: `http://${host}/mcp`,
          authorization_servers: [authorization.url.origin],
        });
      });
      app.use('/mcp', mcpBasicAuth({ verifier: () => null }), mcpRequireAuth());
    });
    await using proxy = remote(app.url);
    const wrong = basic('ann', 'wrong');
    await messageOf(proxy.connect(...headerOf(wrong)));
    const registration = seen.find(({ line }) => line === 'POST /register 404');
    expect(registration?.headers.authorization).to.equal(wrong);
  });
});
