import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { basic, type Call, call } from '../support/call.js';
import { until } from '../support/gate.js';
import { canaries } from './support/canaries.js';

/** Runs `children/talkative` with a Node of its own, and collects every byte that it writes. */
async function talkative(token: string) {
  const isSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`./children/talkative.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const loader = isSource ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, ['--trace-warnings', ...loader, path, token], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'development' },
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
    });
  }
  const exit = once(child, 'close');
  await until('it listens', () => /"port":\d+/.test(written.stdout) || child.exitCode !== null, 20_000);
  const port = /"port":(\d+)/.exec(written.stdout)?.[1];
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    /** Ends it; answers all that it wrote. */
    async end(): Promise<typeof written> {
      child.kill('SIGTERM');
      await exit;
      return written;
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

describe('W28: nothing of a header or a body reaches a log', () => {
  it('in a process that logs all it can, through every way to fail', async () => {
    const secrets = canaries();
    const token = secrets.next();
    using app = await talkative(token);
    const ids: string[] = [];
    const rest = () => ({
      'x-mcp-token': token,
      cookie: secrets.next(),
      'proxy-authorization': secrets.next(),
    });
    const init = () => ({
      ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
      params: {
        ...{ protocolVersion: '2025-06-18', capabilities: {}, _meta: { secret: secrets.next() } },
        clientInfo: { name: secrets.next(), version: '1' },
      },
    });
    const send = async (request: Call) => {
      const reply = await call(app.url, request);
      if (typeof reply.headers['mcp-session-id'] === 'string') ids.push(reply.headers['mcp-session-id']);
      return reply;
    };

    const statuses: Record<string, number> = {};
    for (const fault of ['ok', 'wrong', 'throw', 'forbid', 'nonsense', 'slow', 'start', 'create', 'end']) {
      const headers = { ...rest(), authorization: basic(`${fault}-1.${secrets.next()}`, secrets.next()) };
      const { status, headers: answered } = await send({ headers, body: init() });
      statuses[fault] = status;
      if (status !== 200) continue;
      const session = { ...headers, 'mcp-session-id': String(answered['mcp-session-id']) };
      const speak = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'speak', arguments: {} } };
      expect((await send({ headers: session, body: speak })).status).to.equal(200);
      // What is meant for one is tried by another, and ended by nobody but its owner.
      const other = { ...session, authorization: basic(`ok-2.${secrets.next()}`, secrets.next()) };
      expect((await send({ headers: other, body: speak })).status).to.equal(404);
      if (fault === 'end') expect((await send({ method: 'DELETE', headers: session })).status).to.equal(200);
    }
    expect(statuses).to.deep.equal({
      ...{ ok: 200, wrong: 401, throw: 503, forbid: 403, nonsense: 503 },
      ...{ slow: 503, start: 503, create: 503, end: 200 },
    });

    const right = () => ({ ...rest(), authorization: basic(`ok-3.${secrets.next()}`, secrets.next()) });
    const others: readonly Call[] = [
      { headers: { ...rest(), 'x-mcp-token': secrets.next() }, body: init() },
      { headers: { ...rest(), authorization: `Bearer ${secrets.next()}` }, body: init() },
      { headers: { ...rest(), authorization: `Bearer ${secrets.next()} ${secrets.next()}` }, body: init() },
      { headers: { ...rest(), authorization: `Basic ${secrets.next()}` }, body: init() },
      { headers: { ...rest(), [secrets.next()]: secrets.next() }, body: init() },
      { headers: right(), body: `{"${secrets.next()}"` },
      // Kept alive: a connection that closes may do so before all of it is sent.
      { headers: { ...right(), connection: 'keep-alive' }, body: secrets.next().repeat(50_000) },
      { headers: { ...right(), 'content-type': `text/${secrets.next()}` }, body: init() },
      { headers: { ...right(), 'mcp-session-id': secrets.next() }, body: init() },
      { headers: { ...right(), 'x-forwarded-for': secrets.next() }, body: init() },
      { headers: rest(), path: `/mcp?access_token=${secrets.next()}`, body: init() },
    ];
    for (const request of others) await send(request);

    const { stdout, stderr } = await app.end();
    expect([secrets.find(stdout), secrets.find(stderr)]).to.deep.equal([undefined, undefined]);
    // An operator who lists sessions asks for their ids; nobody else is told.
    const told = stdout.slice(0, stdout.lastIndexOf('sessions ['));
    expect(ids.filter((id) => told.includes(id) || stderr.includes(id))).to.deep.equal([]);
    expect(ids).to.not.be.empty;
    for (const word of [
      'auth.failed',
      'auth.unavailable',
      'session.started',
      'server.failed',
      'caller',
      'tool',
    ]) {
      expect(stdout).to.include(word);
    }
    for (const code of ['MCP_GUARD_VERIFIER_ANSWER', 'MCP_GUARD_SERVER', 'MCP_GUARD_TRUST_PROXY']) {
      expect(stderr).to.include(code);
    }
  }).timeout(60_000);
});
