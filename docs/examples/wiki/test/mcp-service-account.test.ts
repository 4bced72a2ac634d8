import { expect } from 'chai';
import { alice, bob, carol } from '../src/db/demo-data.js';
import { backends } from './support/backends.js';
import { call, postMcp, refusalOf, slugsIn } from './support/mcp.js';
import { basic, startWiki } from './support/running-wiki.js';

for (const backend of backends) {
  describe(`the service account (${backend.name})`, () => {
    it('is there only where it was asked for', async () => {
      const wiki = await startWiki(backend);
      expect(await refusalOf(await postMcp(wiki, {}))).to.deep.equal({
        status: 401,
        code: 'missing_credentials',
      });
    });

    it('acts for requests without any Authorization, with its own rights', async () => {
      const wiki = await startWiki(backend, { serviceAccount: bob.email });
      const { client } = await wiki.connect({});
      expect(slugsIn(await call(client, 'list_pages')))
        .to.include('retro')
        .and.not.to.include('incident-notes');
      await call(client, 'edit_page', { slug: 'retro', expectedRevision: 1, body: 'automatic' });
      const { client: asAlice } = await wiki.connect(basic(alice));
      expect((await call(asAlice, 'read_page', { slug: 'retro' })).data).to.include({ updatedBy: bob.name });
    });

    it('never stands in for a credential that is wrong or cannot be used', async () => {
      const wiki = await startWiki(backend, { serviceAccount: carol.email });
      for (const Authorization of [
        'Basic !!!',
        'basic x',
        'Basic',
        'Bearer',
        'Bearer x.y.z',
        'Token x',
        'x',
      ]) {
        expect((await postMcp(wiki, { Authorization })).status, Authorization).to.equal(401);
      }
      expect((await postMcp(wiki, basic({ ...alice, password: 'wrong' }))).status).to.equal(401);
    });

    it('ends with its user: no new session, and no tool works in the running one', async () => {
      const wiki = await startWiki(backend, { serviceAccount: bob.email });
      const { client } = await wiki.connect({});
      await wiki.database.query('update users set disabled = true where email = $1', [bob.email]);
      const answer = await call(client, 'list_pages');
      expect(answer).to.include({ isError: true, text: 'unauthenticated: The access token is not valid' });
      const { error } = console;
      console.error = () => {};
      try {
        expect(await refusalOf(await postMcp(wiki, {}))).to.deep.equal({ status: 403, code: 'forbidden' });
      } finally {
        console.error = error;
      }
    });

    it('is refused at start when there is no such user', async () => {
      const start = startWiki(backend, { serviceAccount: 'nobody@wiki.example' });
      const error = await start.catch((reason: unknown) => reason);
      expect(String(error)).to.include('InvalidConfig: WIKI_SERVICE_ACCOUNT');
    });
  });
}
