import { expect } from 'chai';
import { alice, bob, carol } from '../src/db/demo-data.js';
import { backends } from './support/backends.js';
import { basic, bearer, login, startWiki } from './support/running-wiki.js';

for (const backend of backends) {
  describe(`REST API (${backend.name})`, () => {
    it('gives an access token for e-mail and password, and for nothing else', async () => {
      const wiki = await startWiki(backend);
      const response = await wiki.send('POST', '/api/login', basic(alice));
      expect(response.status).to.equal(200);
      expect(response.headers.get('cache-control')).to.equal('no-store');
      const { accessToken } = (await response.json()) as { accessToken: string };
      expect((await wiki.send('POST', '/api/login')).status).to.equal(401);
      expect((await wiki.send('POST', '/api/login', basic({ ...alice, password: 'rain' }))).status).to.equal(
        401,
      );
      expect((await wiki.send('POST', '/api/login', bearer(accessToken))).status).to.equal(401);
    });

    it('shows each person their own wiki', async () => {
      const wiki = await startWiki(backend);
      const asBob = bearer(await login(wiki, bob));
      const list = (await (await wiki.send('GET', '/api/pages', asBob)).json()) as {
        pages: { slug: string }[];
      };
      expect(list.pages.map(({ slug }) => slug)).to.deep.equal([
        'deploy-runbook',
        'handbook',
        'home',
        'retro',
      ]);
      const page = await wiki.send('GET', '/api/pages/retro', asBob);
      expect(await page.json()).to.include({ slug: 'retro', revision: 1, updatedBy: alice.name });
      const search = await wiki.send('GET', '/api/search?text=runbook&limit=1', asBob);
      expect(((await search.json()) as { matches: unknown[] }).matches).to.have.length(1);
    });

    it('answers for a hidden page, an unknown one and an impossible one alike', async () => {
      const wiki = await startWiki(backend);
      const asBob = bearer(await login(wiki, bob));
      for (const slug of ['incident-notes', 'no-such-page', '%00', '..%2Fhome', 'x'.repeat(200)]) {
        const response = await wiki.send('GET', `/api/pages/${slug}`, asBob);
        expect(response.status, slug).to.equal(404);
        expect(await response.json()).to.deep.equal({ error: 'not_found', message: 'There is no such page' });
      }
    });

    it('edits for those who may, and tells of conflicts and bad input', async () => {
      const wiki = await startWiki(backend);
      const asAlice = bearer(await login(wiki, alice));
      const asBob = bearer(await login(wiki, bob));
      const put = async (slug: string, headers: Record<string, string>, body: unknown): Promise<number> =>
        (await wiki.send('PUT', `/api/pages/${slug}`, headers, body)).status;

      expect(await put('home', asBob, { expectedRevision: 1, body: 'x' })).to.equal(403);
      expect(await put('home', asAlice, { expectedRevision: 1, body: '# Hi' })).to.equal(200);
      expect(await put('home', asAlice, { expectedRevision: 1, body: '# Ho' })).to.equal(409);
      for (const bad of [
        { body: 'x' },
        { expectedRevision: 2, body: 'a\0b' },
        { expectedRevision: 2, body: 'x', owner: 'me' },
        [],
      ]) {
        expect(await put('home', asAlice, bad), JSON.stringify(bad)).to.equal(400);
      }
      const history = await wiki.send('GET', '/api/pages/home/history', asBob);
      const { revisions } = (await history.json()) as { revisions: { author: string }[] };
      expect(revisions.map(({ author }) => author)).to.deep.equal([alice.name, carol.name]);
    });

    it('asks for a token that is valid', async () => {
      const wiki = await startWiki(backend);
      for (const headers of [{}, basic(alice), bearer('x.y.z'), { Authorization: 'Bearer' }]) {
        const response = await wiki.send('GET', '/api/pages', headers);
        expect(response.status).to.equal(401);
        expect(response.headers.get('www-authenticate')).to.equal('Bearer realm="wiki"');
      }
    });

    it('lets an admin disable a user, whose token is worth nothing from then on', async () => {
      const wiki = await startWiki(backend);
      const asAlice = bearer(await login(wiki, alice));
      const asCarol = bearer(await login(wiki, carol));
      const path = `/api/users/${alice.email}/disabled`;
      expect((await wiki.send('PUT', path, asAlice, { disabled: true })).status).to.equal(403);
      expect((await wiki.send('PUT', path, asCarol, { disabled: 'yes' })).status).to.equal(400);
      expect(
        (await wiki.send('PUT', '/api/users/nobody/disabled', asCarol, { disabled: true })).status,
      ).to.equal(404);
      expect((await wiki.send('PUT', path, asCarol, { disabled: true })).status).to.equal(200);
      expect((await wiki.send('GET', '/api/pages', asAlice)).status).to.equal(401);
      // First the proof of her password that was still remembered, then the password itself.
      expect((await wiki.send('POST', '/api/login', basic(alice))).status).to.equal(401);
      expect((await wiki.send('POST', '/api/login', basic(alice))).status).to.equal(403);
    });

    it('says nothing of what went wrong inside', async () => {
      const wiki = await startWiki(backend);
      const asBob = bearer(await login(wiki, bob));
      await wiki.database.exec('drop table page_revisions');
      const { error } = console;
      console.error = () => {};
      try {
        const response = await wiki.send('GET', '/api/pages/home/history', asBob);
        expect(response.status).to.equal(500);
        expect(await response.json()).to.deep.equal({
          error: 'internal',
          message: 'The wiki cannot do this right now',
        });
      } finally {
        console.error = error;
      }
      expect((await wiki.send('GET', '/nowhere')).status).to.equal(404);
    });
  });
}
