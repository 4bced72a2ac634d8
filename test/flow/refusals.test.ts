import { createHash } from 'node:crypto';
import { connect } from 'node:net';

import { expect } from 'chai';

import { guardErrorCodes, mcpBasicAuth, mcpHandler, mcpSessionBinding } from '../../lib/index.js';
import { call, open, type Reply } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal, REFUSALS, type RefusalDetails } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { begin, resume } from '../support/session.js';
import { credentials } from './refusal-cases/credentials.js';
import { CANARY } from './refusal-cases/parts.js';
import { requests } from './refusal-cases/requests.js';
import { sessions } from './refusal-cases/sessions.js';
import { verdicts } from './refusal-cases/verdicts.js';

const cases = [...credentials, ...verdicts, ...sessions, ...requests];

/** Headers that every answer has, beside those that a refusal is about. */
const ALWAYS = ['content-type', 'cache-control', 'content-length', 'connection', 'date', 'x-powered-by'];

describe('refusals on the wire', () => {
  const seen = new Set<string>();

  const check = (reply: Reply, code: keyof typeof REFUSALS, details: RefusalDetails = {}): void => {
    expectRefusal(reply, code, details);
    const wire = JSON.stringify([reply.headers, reply.text]);
    expect(wire.toLowerCase()).to.not.include(CANARY);
    expect(Object.keys(reply.headers)).to.have.members([
      ...ALWAYS,
      ...(reply.headers.connection === 'keep-alive' ? ['keep-alive'] : []),
      ...(reply.challenges.length > 0 ? ['www-authenticate'] : []),
      ...(reply.headers['retry-after'] ? ['retry-after'] : []),
      ...(details.allow ? ['allow'] : []),
    ]);
    const closes = code === 'closing' || code === 'body_timeout';
    expect(reply.headers.connection).to.equal(closes ? 'close' : 'keep-alive');
    seen.add(code);
  };

  for (const { title, code, guards, after = [], request, ...details } of cases) {
    it(`${code}: ${title}`, async () => {
      await using served = await serve(...guards());
      for (const earlier of after) await call(served.url, earlier);
      const { path = '/mcp' } = request;
      const marked = `${path}${path.includes('?') ? '&' : '?'}q=${CANARY}`;
      const headers = Array.isArray(request.headers)
        ? [...request.headers, 'Connection', 'keep-alive', 'X-Other', CANARY]
        : { ...request.headers, connection: 'keep-alive', 'x-other': CANARY };
      check(await call(served.url, { ...request, path: marked, headers }), code, details);
    });
  }

  it('session_not_found: foreign, deleted, revoked and unknown are one answer, byte for byte', async () => {
    let ran = 0;
    await using app = await guarded({
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          ran += 1;
        }),
    });
    const [foreign, deleted, revoked] = [
      await begin(app.url, as('ann')),
      await begin(app.url, as('ben')),
      await begin(app.url, as('ben')),
    ];
    await deleted.delete();
    await app.sessions.revoke({ sessionId: revoked.id });
    const ids = [foreign.id, deleted.id, revoked.id, 'A'.repeat(43), 'short', '~'.repeat(43)];
    const answers = new Set<string>();
    for (const id of ids) {
      const session = resume(app.url, { ...as('ben'), connection: 'keep-alive' }, id);
      const replies = [
        await session.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } }),
        await session.send({ jsonrpc: '2.0', method: 'notifications/initialized' }),
        await session.send('{'),
        await session.send('{}', { 'content-type': 'text/plain' }),
        await session.send(JSON.stringify('x'.repeat(1_048_577))),
        await call(app.url, { method: 'GET', headers: session.headers }),
        await session.delete(),
      ];
      for (const reply of replies) {
        check(reply, 'session_not_found');
        const { date: _date, ...headers } = reply.headers;
        answers.add(
          createHash('sha256')
            .update(JSON.stringify([headers, reply.text]))
            .digest('hex'),
        );
      }
    }
    expect(answers.size).to.equal(1);
    expect(ran).to.equal(0);
  });

  it('body_timeout: a body that does not come', async () => {
    using timeouts = holdTimeouts(10_000);
    await using served = await serve(
      mcpBasicAuth({ verifier: () => ({ subject: 'ann' }) }),
      mcpSessionBinding(),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
    const { port } = served;
    const socket = connect(port, '127.0.0.1');
    const head = `POST /mcp?q=${CANARY} HTTP/1.1\r\nHost: x\r\nAuthorization: ${as('ann').authorization}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"${CANARY}`;
    socket.write(head);
    await until('the handler waits for the body', () => timeouts.count > 0);
    timeouts.fire();
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    const [status = '', ...lines] = text.split('\r\n');
    const [body = ''] = lines.slice(-1);
    expect(status).to.equal('HTTP/1.1 408 Request Timeout');
    const headers = Object.fromEntries(
      lines.slice(0, -2).map((line) => {
        const [name = '', value = ''] = line.split(': ');
        return [name.toLowerCase(), value];
      }),
    );
    check(
      { status: 408, headers, challenges: [], text: body, json: JSON.parse(body), code: 'body_timeout' },
      'body_timeout',
    );
  });

  it('closing: a handler that shuts down', async () => {
    await using app = await guarded();
    await app.mcp.close({ graceMs: 0 });
    for (const method of ['POST', 'GET', 'DELETE']) {
      const headers = { ...as('ann'), connection: 'keep-alive' };
      check(await call(app.url, { method, headers }), 'closing');
    }
    check(
      await call(app.url, { method: 'POST', headers: { ...as('ann'), connection: 'keep-alive' }, body: '{' }),
      'closing',
    );
  });

  it('HEAD is refused without a body', async () => {
    await using app = await guarded();
    const response = await open(app.url, { method: 'HEAD', headers: as('ann') });
    response.resume();
    expect([response.statusCode, response.headers.allow]).to.deep.equal([405, 'GET, POST, DELETE']);
  });

  it('has seen every code there is', () => {
    expect([...seen].sort()).to.deep.equal([...guardErrorCodes].sort());
    expect(Object.keys(REFUSALS).sort()).to.deep.equal([...guardErrorCodes].sort());
  });
});
