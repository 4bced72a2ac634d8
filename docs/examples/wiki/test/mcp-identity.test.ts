import { expect } from 'chai';
import { alice, bob } from '../src/db/demo-data.js';
import { auditRows } from './support/audit-rows.js';
import { backends } from './support/backends.js';
import { call, postMcp, refusalOf, slugsIn } from './support/mcp.js';
import { basic, bearer, login, startWiki } from './support/running-wiki.js';

for (const backend of backends) {
  describe(`/mcp runs as the person who calls it (${backend.name})`, () => {
    it('signs in with e-mail and a password that has colons in it', async () => {
      const wiki = await startWiki(backend);
      expect(alice.password).to.include(':');
      const { client } = await wiki.connect(basic(alice));
      expect(slugsIn(await call(client, 'list_pages'))).to.include('incident-notes');
      expect(client.getInstructions()).to.include(alice.name);
    });

    it('signs in with an access token of the REST API', async () => {
      const wiki = await startWiki(backend);
      const { client } = await wiki.connect(bearer(await login(wiki, bob)));
      expect(slugsIn(await call(client, 'list_pages')))
        .to.include('retro')
        .and.not.to.include('incident-notes');
      expect((await auditRows(wiki.database)).map(({ method }) => method)).to.deep.equal(['bearer']);
    });

    it('keeps two people apart who work at the same time', async () => {
      const wiki = await startWiki(backend);
      const { client: asAlice } = await wiki.connect(basic(alice));
      const { client: asBob } = await wiki.connect(basic(bob));
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => call(index % 2 ? asBob : asAlice, 'list_pages')),
      );
      for (const [index, answer] of answers.entries()) {
        expect(slugsIn(answer).includes('incident-notes'), `call ${index}`).to.equal(index % 2 === 0);
      }
      await Promise.all([
        call(asAlice, 'edit_page', { slug: 'home', expectedRevision: 1, body: 'by alice' }),
        call(asBob, 'edit_page', { slug: 'retro', expectedRevision: 1, body: 'by bob' }),
      ]);
      expect((await call(asBob, 'read_page', { slug: 'home' })).data).to.include({ updatedBy: alice.name });
      expect((await call(asAlice, 'read_page', { slug: 'retro' })).data).to.include({ updatedBy: bob.name });
    });

    it('gives a reader no way to edit, and no sign of a private page', async () => {
      const wiki = await startWiki(backend);
      const { client } = await wiki.connect(basic(bob));
      const edit = await call(client, 'edit_page', { slug: 'home', expectedRevision: 1, body: 'x' });
      expect(edit).to.include({ isError: true, text: 'forbidden: You may read this page, but not edit it' });
      const hidden = await call(client, 'read_page', { slug: 'incident-notes' });
      expect(hidden).to.deep.equal(await call(client, 'read_page', { slug: 'no-such-page' }));
      expect((await call(client, 'search_pages', { text: 'stalled' })).data).to.deep.equal({ matches: [] });
    });

    it('follows rights that change during a session', async () => {
      const wiki = await startWiki(backend);
      const { client } = await wiki.connect(basic(bob));
      await wiki.database.query("update users set role = 'editor' where email = $1", [bob.email]);
      const edit = { slug: 'home', expectedRevision: 1, body: 'by bob' };
      expect((await call(client, 'edit_page', edit)).isError).to.equal(false);
    });

    it('counts the same person as one, by password and by token', async () => {
      const wiki = await startWiki(backend);
      const { transport } = await wiki.connect(basic(alice));
      const { sessionId = '' } = transport;
      const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
      const token = await login(wiki, alice);
      const ofBob = await login(wiki, bob);
      expect((await postMcp(wiki, { ...bearer(token), 'Mcp-Session-Id': sessionId }, list)).status).to.equal(
        200,
      );
      expect((await postMcp(wiki, { ...bearer(ofBob), 'Mcp-Session-Id': sessionId }, list)).status).to.equal(
        404,
      );
    });

    it('asks for the shared token where there is one', async () => {
      const wiki = await startWiki(backend, { mcpToken: 'shared-secret-of-the-team' });
      expect(await refusalOf(await postMcp(wiki, basic(alice)))).to.deep.equal({
        status: 401,
        code: 'invalid_mcp_token',
      });
      const { client } = await wiki.connect({ ...basic(alice), 'X-MCP-Token': 'shared-secret-of-the-team' });
      expect((await call(client, 'list_pages')).isError).to.equal(false);
    });
  });
}
