import { expect } from 'chai';
import { ada, bob, north, south } from '../src/api/demo-data.js';
import { headersOf } from '../src/api-key.js';
import { startApi } from './support/running.js';

const json = { 'Content-Type': 'application/json' };

describe('the API', () => {
  it('knows a key, its organization and its role there', async () => {
    const { url } = await startApi();
    const me = async (headers: Record<string, string>) => (await fetch(`${url}/v1/me`, { headers })).json();
    const user = { id: 'user-ada', name: 'Ada' };
    expect(await me(headersOf(ada))).to.deep.equal({ ...user, organization: north, role: 'admin' });
    expect(await me(headersOf(ada, south.id))).to.deep.equal({
      ...user,
      organization: south,
      role: 'viewer',
    });
  });

  it('refuses a wrong key, and one of nobody in the organization', async () => {
    const { url } = await startApi();
    const wrong = [
      {},
      headersOf({ ...ada, secret: 'wrong' }),
      headersOf({ ...ada, keyId: '' }),
      { Authorization: 'Basic' },
      { Authorization: `Bearer ${ada.secret}` },
    ];
    for (const headers of wrong) {
      const response = await fetch(`${url}/v1/me`, { headers });
      expect(response.status).to.equal(401);
      expect(response.headers.get('www-authenticate')).to.equal('Basic realm="acme"');
    }
    for (const organization of [north.id, 'org-none', '']) {
      const response = await fetch(`${url}/v1/me`, { headers: headersOf(bob, organization) });
      expect([response.status, await response.json()]).to.deep.equal([
        403,
        { error: 'not_a_member', message: 'The key is of nobody in that organization' },
      ]);
    }
  });

  it('lets editors create and admins delete, each in their own organization', async () => {
    const { url, data } = await startApi();
    const create = (headers: Record<string, string>, body: string) =>
      fetch(`${url}/v1/projects`, { method: 'POST', headers: { ...headers, ...json }, body });
    expect((await create(headersOf(ada, south.id), '{"name":"x"}')).status).to.equal(403);
    for (const body of ['{}', '{"name":""}', '{"name":5}', '{"name":"x","id":"y"}', '{'])
      expect((await create(headersOf(bob), body)).status, body).to.equal(400);
    const created = await create(headersOf(bob), '{"name":" Pier "}');
    expect(created.status).to.equal(201);
    const { id, ...project } = (await created.json()) as { id: string };
    expect(project).to.deep.equal({ name: 'Pier', createdBy: 'user-bob' });

    const remove = (headers: Record<string, string>) =>
      fetch(`${url}/v1/projects/${id}`, { method: 'DELETE', headers });
    expect((await remove(headersOf(bob))).status).to.equal(403);
    expect((await remove(headersOf(ada))).status).to.equal(404);
    expect(data.projects.list(south.id).map(({ name }) => name)).to.deep.equal(['Harbour', 'Pier']);
  });

  it('has nothing elsewhere', async () => {
    const { url } = await startApi();
    for (const path of ['/', '/v1/none']) {
      expect((await fetch(url + path, { headers: headersOf(ada) })).status).to.equal(404);
    }
  });
});
