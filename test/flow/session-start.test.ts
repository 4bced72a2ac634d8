import { inspect } from 'node:util';

import { InitializeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';

import { currentPrincipal, type SessionContext, type SessionEndReason } from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { as, bearer, guarded } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { buildServer, type Seen } from '../support/mcp.js';
import { begin } from '../support/session.js';
import { trace } from '../support/traced.js';

describe('the beginning of a session', () => {
  it('takes a slot, logs in, keeps what that added, makes the server; and undoes it in the end', async () => {
    using heard = hearOf('beginner');
    const { steps, store, verifier, ended } = trace();
    await using app = await guarded({
      basic: verifier,
      binding: { store },
      createServer: ({ principal }) => {
        steps.push(`server for ${principal.subject}, ${principal.token}`);
        return buildServer(principal);
      },
    });
    const session = await begin(app.url, as('beginner'));
    const beginning = ['create', 'start', 'update', 'server for beginner, issued'];
    expect(steps).to.deep.equal(beginning);
    const [record] = await app.sessions.list();
    expect(record?.principal).to.include({ subject: 'beginner', token: 'issued' });
    expect(inspect(record, { depth: 9 }) + JSON.stringify(record?.principal)).to.not.include('issued');
    await session.tool('whoami');
    expect((await session.delete()).status).to.equal(200);
    expect(steps).to.deep.equal([...beginning, 'delete deleted', 'end deleted']);
    expect(ended.map(({ token }) => token)).to.deep.equal(['issued']);
    const types = heard.types().filter((type) => type.startsWith('session.'));
    expect(types).to.deep.equal(['session.started', 'session.ended']);
  });

  it('runs every step as the person', async () => {
    const who: unknown[] = [];
    const note = (): void => void who.push([currentPrincipal()?.subject, currentPrincipal()?.token]);
    await using app = await guarded({
      basic: {
        startSession: async (principal) => {
          note();
          return { ...principal, token: 'issued' };
        },
      },
      createServer: async ({ principal }) => {
        note();
        return buildServer(principal, note);
      },
    });
    await (await begin(app.url, as('ann'))).tool('whoami');
    expect(who).to.deep.equal([
      ['ann', undefined],
      ['ann', 'issued'],
      ['ann', 'issued'],
    ]);
  });

  it('answers initialize itself as the person, with what the login added', async () => {
    const seen: unknown[] = [];
    await using app = await guarded({
      basic: { startSession: (principal) => ({ ...principal, token: 'issued' }) },
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        server.server.setRequestHandler(InitializeRequestSchema, ({ params }, { authInfo }) => {
          seen.push(currentPrincipal()?.token, authInfo?.token);
          const { protocolVersion } = params;
          return { protocolVersion, capabilities: {}, serverInfo: { name: 'test', version: '1' } };
        });
        return server;
      },
    });
    await begin(app.url, as('ann'));
    expect(seen).to.deep.equal(['issued', 'issued']);
  });

  it('tells startSession what was presented, readable and hidden, and endSession why', async () => {
    const starts: SessionContext[] = [];
    const ends: (SessionContext & { reason: SessionEndReason })[] = [];
    const hooks = {
      startSession: (_principal: unknown, context: SessionContext) => void starts.push(context),
      endSession: (_principal: unknown, context: SessionContext & { reason: SessionEndReason }) =>
        void ends.push(context),
    };
    await using app = await guarded({ basic: hooks, bearer: hooks });
    const sessions = [await begin(app.url, as('ann')), await begin(app.url, bearer('t0ken'))];
    const [password, token] = starts.map(({ credentials }) => credentials);
    expect(password).to.include({ username: 'ann', password: 'right' });
    expect(token).to.include({ token: 't0ken' });
    expect(inspect([password, token]) + JSON.stringify([password, token])).to.not.match(/right|t0ken/);
    expect(starts.map(({ sessionId }) => sessionId)).to.deep.equal(sessions.map(({ id }) => id));
    expect(starts[0]?.request?.method).to.equal('POST');
    for (const session of sessions) await session.delete();
    expect(ends).to.deep.equal(sessions.map(({ id }) => ({ sessionId: id, reason: 'deleted' })));
  });

  it('keeps the principal where startSession adds nothing', async () => {
    const { steps, store, verifier } = trace({ start: () => undefined });
    await using app = await guarded({ basic: verifier, binding: { store } });
    const session = await begin(app.url, as('ann'));
    expect(JSON.parse(await session.tool('whoami')) as Seen).to.include({ subject: 'ann', token: '' });
    expect(steps).to.deep.equal(['create', 'start']);
  });

  it('merges what startSession returns over the person, and drops what no principal has', async () => {
    const start = () => ({ subject: 'ann', scopes: ['wiki'], claims: { name: 'Ann' }, password: 's3cret' });
    const { store, verifier } = trace({ start });
    await using app = await guarded({
      basic: { ...verifier, verify: ({ username }) => ({ subject: username, clientId: 'c' }) },
      binding: { store },
    });
    await begin(app.url, as('ann'));
    const [record] = await app.sessions.list();
    expect({ ...record?.principal }).to.deep.equal({
      subject: 'ann',
      clientId: 'c',
      scopes: ['wiki'],
      claims: { name: 'Ann' },
    });
  });

  it('calls endSession where there is no startSession', async () => {
    const ends: string[] = [];
    const endSession = (_: unknown, { reason }: { reason: string }) => void ends.push(reason);
    await using app = await guarded({ basic: { endSession } });
    await (await begin(app.url, as('ann'))).delete();
    expect(ends).to.deep.equal(['deleted']);
  });

  it('logs in once a session, whatever is called', async () => {
    const { steps, store, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store } });
    const session = await begin(app.url, as('ann'));
    for (let i = 0; i < 5; i += 1) await session.tool('echo', { text: 'x' });
    await begin(app.url, as('ann'));
    expect(steps.filter((step) => step === 'start')).to.have.length(2);
  });

  it('does not begin for a wrong password, nor for what is no initialize', async () => {
    const { steps, store, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store } });
    await call(app.url, { headers: { authorization: basic('ann', 'wrong') }, body: initialize() });
    await call(app.url, { headers: as('ann'), body: { jsonrpc: '2.0', id: 1, method: 'ping' } });
    await call(app.url, { headers: as('ann'), body: [initialize()] });
    await call(app.url, { headers: { ...as('ann'), accept: '*/*' }, body: initialize() });
    expect(steps).to.deep.equal([]);
  });
});
