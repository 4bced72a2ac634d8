import { expect } from 'chai';
import { ada, bob, north, south } from '../src/api/demo-data.js';
import { headersOf } from '../src/api-key.js';
import { call, namesIn, refusalOf, startMcp } from './support/running.js';

const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };

describe('the MCP server', () => {
  it('acts with the key of each client, for all of them at once', async () => {
    const mcp = await startMcp();
    const clients = await Promise.all(
      [headersOf(ada, north.id), headersOf(ada, south.id), headersOf(bob)].map((headers) =>
        mcp.connect(headers),
      ),
    );
    const expected = [
      { id: 'user-ada', name: 'Ada', organization: north, role: 'admin' },
      { id: 'user-ada', name: 'Ada', organization: south, role: 'viewer' },
      { id: 'user-bob', name: 'Bob', organization: south, role: 'editor' },
    ];
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const client = clients[index % clients.length];
        return client && (await call(client, 'whoami')).data;
      }),
    );
    expect(answers).to.deep.equal(answers.map((_, index) => expected[index % expected.length]));
  });

  it('does so over HTTP+SSE, too, beside Streamable HTTP', async () => {
    const mcp = await startMcp();
    const clients = await Promise.all([
      mcp.connectSse(headersOf(ada, north.id)),
      mcp.connectSse(headersOf(bob)),
      mcp.connect(headersOf(ada, south.id)),
    ]);
    const expected = ['user-ada org-north', 'user-bob org-south', 'user-ada org-south'];
    const answers = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const client = clients[index % clients.length];
        const { id, organization } = client ? (await call(client, 'whoami')).data : {};
        return `${id} ${(organization as { id: string }).id}`;
      }),
    );
    expect(answers).to.deep.equal(answers.map((_, index) => expected[index % expected.length]));
  });

  it('keeps a session of HTTP+SSE to its owner, and to its way', async () => {
    const mcp = await startMcp();
    const { sessionId } = await mcp.connectSse(headersOf(ada));
    const path = `/messages?sessionId=${sessionId}`;
    const status = async (headers: Record<string, string>) => (await mcp.post(headers, list, path)).status;
    expect(await status(headersOf(ada))).to.equal(202);
    expect(await status(headersOf(ada, south.id))).to.equal(404);
    expect(await status(headersOf(bob))).to.equal(404);
    expect(await status({})).to.equal(401);
    const elsewhere = await mcp.post({ ...headersOf(ada), 'Mcp-Session-Id': sessionId }, list);
    expect(elsewhere.status).to.equal(404);
    // What tells a client of Streamable HTTP to GET.
    const tried = await mcp.post(headersOf(ada), undefined, '/sse');
    expect([tried.status, tried.headers.get('allow')]).to.deep.equal([405, 'GET']);
  });

  it('lets the API decide what a role may do', async () => {
    const mcp = await startMcp();
    const viewer = await mcp.connect(headersOf(ada, south.id));
    const editor = await mcp.connect(headersOf(bob));
    const admin = await mcp.connect(headersOf(ada));
    const refused = await call(viewer, 'create_project', { name: 'Pier' });
    expect(refused).to.include({
      isError: true,
      text: 'forbidden: This needs the role editor; you are viewer',
    });
    const { data } = await call(editor, 'create_project', { name: 'Pier' });
    expect(data).to.include({ name: 'Pier', createdBy: 'user-bob' });
    expect(namesIn(await call(viewer, 'list_projects'))).to.deep.equal(['Harbour', 'Pier']);
    expect((await call(editor, 'delete_project', { id: data.id })).text).to.include('needs the role admin');
    expect((await call(admin, 'delete_project', { id: data.id })).text).to.include('not_found');
    const [{ id = '' } = {}] = (await call(admin, 'list_projects')).data.projects as { id: string }[];
    expect((await call(admin, 'delete_project', { id })).data).to.deep.equal({ deleted: id });
    expect(namesIn(await call(admin, 'list_projects'))).to.deep.equal([]);
  });

  it('turns away a wrong key, and one of nobody in the organization', async () => {
    const mcp = await startMcp();
    const cases = [
      [{}, 401, 'missing_credentials'],
      [headersOf({ ...ada, secret: 'wrong' }), 401, 'invalid_credentials'],
      [headersOf(bob, north.id), 403, 'forbidden'],
      [{ 'X-Acme-Organization-Id': north.id }, 401, 'malformed_credentials'],
    ] as const;
    for (const [headers, status, code] of cases) {
      const response = await mcp.post(headers);
      expect(response.headers.get('www-authenticate')).to.equal(status === 401 ? 'Basic realm="mcp"' : null);
      expect(await refusalOf(response)).to.deep.equal([status, code]);
    }
  });

  it('stops who tries keys', async () => {
    const mcp = await startMcp();
    const statuses: number[] = [];
    for (let i = 0; i < 7; i += 1)
      statuses.push((await mcp.post(headersOf({ keyId: ada.keyId, secret: `guess-${i}` }))).status);
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429, 429]);
    expect(mcp.api.keys).to.have.length(5);
  });

  it('keeps a session to its owner in its organization', async () => {
    const mcp = await startMcp();
    const { sessionId } = await mcp.connect(headersOf(ada));
    const status = async (headers: Record<string, string>) =>
      (await mcp.post({ ...headers, 'Mcp-Session-Id': sessionId }, list)).status;
    expect(await status(headersOf(ada, north.id))).to.equal(200);
    expect(await status(headersOf(ada, south.id))).to.equal(404);
    expect(await status(headersOf(bob))).to.equal(404);
  });

  it('goes on with a rotated key in the same session, and stops using the old one', async () => {
    const mcp = await startMcp();
    const { sessionId } = await mcp.connect(headersOf(ada));
    const rotated = { keyId: 'key-ada-2', secret: 'another-demo-secret' };
    mcp.api.data.accounts.addKey(ada.user, rotated.keyId, rotated.secret);
    mcp.api.data.accounts.revokeKey(ada.keyId);
    mcp.api.keys.length = 0;
    const headers = { ...headersOf(rotated), 'Mcp-Session-Id': sessionId };
    const whoami = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'whoami', arguments: {} } };
    const response = await mcp.post(headers, whoami);
    expect(response.status).to.equal(200);
    expect(await response.text()).to.include('user-ada');
    const { Authorization } = headersOf(rotated);
    expect(mcp.api.keys).to.deep.equal([Authorization, Authorization]);
  });

  it('says so when the API does not answer: nobody is counted as having failed', async () => {
    const mcp = await startMcp();
    await mcp.api.stop();
    for (let i = 0; i < 7; i += 1)
      expect(await refusalOf(await mcp.post(headersOf(ada)))).to.deep.equal([503, 'unavailable']);
  });

  it('wants TLS, and believes a proxy only where it is told to', async () => {
    const plain = await startMcp();
    const forwarded = { ...headersOf(ada), 'X-Forwarded-For': '192.0.2.1' };
    const secure = { ...forwarded, 'X-Forwarded-Proto': 'https' };
    const refused = [403, 'tls_required'];
    expect(await refusalOf(await plain.post(forwarded))).to.deep.equal(refused);
    expect(await refusalOf(await plain.post(secure))).to.deep.equal(refused);
    expect(plain.api.keys).to.deep.equal([]);
    const proxied = await startMcp({ trustProxy: 1 });
    expect((await proxied.post(secure)).status).to.equal(200);
    expect(await refusalOf(await proxied.post(forwarded))).to.deep.equal(refused);
  });

  it('answers to its own names alone', async () => {
    const mcp = await startMcp({ allowedHosts: ['mcp.acme.example'] });
    expect(await refusalOf(await mcp.post(headersOf(ada)))).to.deep.equal([403, 'forbidden_origin']);
  });
});
