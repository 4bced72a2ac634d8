import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { expect } from 'chai';
import { alice, bob, type DemoUser } from '../src/db/demo-data.js';
import { buildWikiServer } from '../src/mcp/server.js';
import { pageStore } from '../src/pages/page-store.js';
import { type Pages, pagesFrom } from '../src/pages/pages.js';
import { backends } from './support/backends.js';
import { callerNamed } from './support/callers.js';
import { call, slugsIn } from './support/mcp.js';

for (const backend of backends) {
  describe(`tools (${backend.name})`, () => {
    async function clientOf(user: DemoUser, replaced: Partial<Pages> = {}): Promise<Client> {
      const database = await backend.fresh();
      const caller = await callerNamed(database, user);
      const pages = { ...pagesFrom(pageStore(database)), ...replaced };
      const server = buildWikiServer({ pages, caller: async () => caller }, caller);
      const client = new Client({ name: 'test', version: '1' });
      const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
      await Promise.all([server.connect(serverSide), client.connect(clientSide)]);
      return client;
    }

    it('say what they do to the wiki', async () => {
      const client = await clientOf(alice);
      const { tools } = await client.listTools();
      const readOnly = Object.fromEntries(
        tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint]),
      );
      expect(readOnly).to.deep.equal({
        list_pages: true,
        read_page: true,
        search_pages: true,
        edit_page: false,
        page_history: true,
      });
      expect(client.getInstructions()).to.include(`You act for ${alice.name} (editor)`);
    });

    it('list, read and search', async () => {
      const client = await clientOf(bob);
      expect(slugsIn(await call(client, 'list_pages')))
        .to.include('retro')
        .and.not.to.include('incident-notes');
      const page = await call(client, 'read_page', { slug: 'deploy-runbook' });
      expect(page.data).to.include({ slug: 'deploy-runbook', revision: 1, updatedBy: alice.name });
      expect(page.text).to.include('Deploy runbook (deploy-runbook, revision 1 by Alice Amsel)');
      const { data } = await call(client, 'search_pages', { text: 'quiet hour' });
      expect(data.matches).to.have.length(1);
      expect((await call(client, 'search_pages', { text: 'zebra' })).text).to.equal('Nothing found.');
    });

    it('edit, and tell of a conflict', async () => {
      const client = await clientOf(alice);
      const edit = { slug: 'home', expectedRevision: 1, body: '# New', summary: 'Shorter' };
      expect((await call(client, 'edit_page', edit)).data).to.include({ revision: 2, body: '# New' });
      const late = await call(client, 'edit_page', { ...edit, body: '# Late' });
      expect(late.isError).to.equal(true);
      expect(late.text).to.equal('conflict: The page is at revision 2 by now: read it again, then edit');
      const history = await call(client, 'page_history', { slug: 'home' });
      expect(history.text).to.match(
        /^- revision 2 by Alice Amsel, \S+: Shorter\n- revision 1 by Carol Curie/,
      );
    });

    it('answer refusals as results that the model can read', async () => {
      const client = await clientOf(bob);
      const edit = await call(client, 'edit_page', { slug: 'home', expectedRevision: 1, body: 'x' });
      expect(edit).to.include({ isError: true, text: 'forbidden: You may read this page, but not edit it' });
      const hidden = await call(client, 'read_page', { slug: 'incident-notes' });
      const none = await call(client, 'read_page', { slug: 'no-such-page' });
      expect(hidden).to.include({ isError: true, text: 'not_found: There is no such page' });
      expect(hidden).to.deep.equal(none);
    });

    for (const input of [{ slug: '../etc' }, { slug: 'a\0b' }, {}]) {
      it(`refuse ${JSON.stringify(input)} before anything runs`, async () => {
        const client = await clientOf(bob, { read: () => Promise.reject(new Error('must not run')) });
        const { isError, text } = await call(client, 'read_page', input);
        expect(isError).to.equal(true);
        expect(text).to.include('Input validation error');
      });
    }

    it('say nothing of what went wrong inside', async () => {
      const logged: unknown[][] = [];
      const { error } = console;
      console.error = (...line: unknown[]) => logged.push(line);
      try {
        const fault = new Error('connection to 10.0.0.7 lost');
        const client = await clientOf(bob, { list: () => Promise.reject(fault) });
        const answer = await call(client, 'list_pages');
        expect(answer).to.include({ isError: true, text: 'internal: The wiki cannot do this right now' });
        expect(logged).to.deep.equal([['MCP call failed:', fault]]);
      } finally {
        console.error = error;
      }
    });

    it('offer pages as resources, the hidden ones excepted', async () => {
      const client = await clientOf(bob);
      const { resources } = await client.listResources();
      expect(resources.map(({ uri }) => uri))
        .to.include('wiki://pages/retro')
        .and.not.to.include('wiki://pages/incident-notes');
      const { contents } = await client.readResource({ uri: 'wiki://pages/retro' });
      expect(contents[0]).to.include({ mimeType: 'text/markdown' });
      const refusal = await client
        .readResource({ uri: 'wiki://pages/incident-notes' })
        .catch((error: Error) => error);
      expect(String(refusal)).to.include('not_found: There is no such page');
    });
  });
}
