import { expect } from 'chai';
import { alice, bob, carol } from '../src/db/demo-data.js';
import { auditRows, endedAuditRows } from './support/audit-rows.js';
import { backends } from './support/backends.js';
import { call, initializeMessage, postMcp, refusalOf } from './support/mcp.js';
import { basic, bearer, login, startWiki } from './support/running-wiki.js';

const listTools = { jsonrpc: '2.0', id: 2, method: 'tools/list' };

for (const backend of backends) {
  describe(`MCP sessions (${backend.name})`, () => {
    it('leave one audit row each, however many calls they make', async () => {
      const wiki = await startWiki(backend);
      const { client: asAlice } = await wiki.connect(basic(alice));
      const { client: asBob } = await wiki.connect(basic(bob));
      for (let turn = 0; turn < 5; turn++) {
        await Promise.all([call(asAlice, 'list_pages'), call(asBob, 'list_pages')]);
      }
      expect(await auditRows(wiki.database)).to.deep.equal([
        { email: alice.email, method: 'basic', ended: false, reason: null },
        { email: bob.email, method: 'basic', ended: false, reason: null },
      ]);
    });

    it('are in the audit by hash only', async () => {
      const wiki = await startWiki(backend);
      const { transport } = await wiki.connect(basic(alice));
      const [row] = await wiki.database.query<{ row: string }>(
        'select mcp_sessions::text as row from mcp_sessions',
      );
      expect(transport.sessionId).to.have.length(43);
      expect(row?.row).not.to.include(transport.sessionId);
    });

    it('end when the client says so', async () => {
      const wiki = await startWiki(backend);
      const { transport } = await wiki.connect(basic(alice));
      await transport.terminateSession();
      expect(await endedAuditRows(wiki.database)).to.deep.equal([
        { email: alice.email, method: 'basic', ended: true, reason: 'deleted' },
      ]);
    });

    it('end when their user is disabled: 401, and the audit says inactive', async () => {
      const wiki = await startWiki(backend);
      const { client, transport } = await wiki.connect(basic(alice));
      expect((await call(client, 'list_pages')).isError).to.equal(false);

      const asCarol = bearer(await login(wiki, carol));
      const path = `/api/users/${alice.email}/disabled`;
      expect((await wiki.send('PUT', path, asCarol, { disabled: true })).status).to.equal(200);

      const headers = { ...basic(alice), 'Mcp-Session-Id': transport.sessionId ?? '' };
      expect(await refusalOf(await postMcp(wiki, headers, listTools))).to.deep.equal({
        status: 401,
        code: 'invalid_credentials',
      });
      expect(await endedAuditRows(wiki.database)).to.deep.equal([
        { email: alice.email, method: 'basic', ended: true, reason: 'inactive' },
      ]);
      await wiki.send('PUT', path, asCarol, { disabled: false });
      expect((await postMcp(wiki, headers, listTools)).status).to.equal(404);
    });

    it('outlive a database that is away for a while', async () => {
      const wiki = await startWiki(backend);
      const { client, transport } = await wiki.connect(basic(alice));
      const headers = { ...basic(alice), 'Mcp-Session-Id': transport.sessionId ?? '' };
      await wiki.database.exec('alter table users rename to users_away');
      expect(await refusalOf(await postMcp(wiki, headers, listTools))).to.deep.equal({
        status: 503,
        code: 'unavailable',
      });
      await wiki.database.exec('alter table users_away rename to users');
      expect((await call(client, 'list_pages')).isError).to.equal(false);
    });

    it('answer 404 for an id that is stale, and for one that is somebody else’s', async () => {
      const wiki = await startWiki(backend);
      const { transport } = await wiki.connect(basic(alice));
      const { sessionId = '' } = transport;
      const foreign = await postMcp(wiki, { ...basic(bob), 'Mcp-Session-Id': sessionId }, listTools);
      await transport.terminateSession();
      const stale = await postMcp(wiki, { ...basic(alice), 'Mcp-Session-Id': sessionId }, listTools);
      expect(stale.status).to.equal(404);
      expect(foreign.status).to.equal(404);
      expect(await foreign.text()).to.equal(await stale.text());
    });

    it('start anew from a stale id', async () => {
      const wiki = await startWiki(backend);
      const stale = { ...basic(alice), 'Mcp-Session-Id': 'A'.repeat(43) };
      const response = await postMcp(wiki, stale, initializeMessage);
      expect(response.status).to.equal(200);
      expect(response.headers.get('mcp-session-id')).to.have.length(43).and.not.to.equal('A'.repeat(43));
      await response.text();
    });

    it('end on shutdown, each with its audit row', async () => {
      const wiki = await startWiki(backend);
      await wiki.connect(basic(alice));
      await wiki.connect(bearer(await login(wiki, bob)));
      await wiki.wiki.close(1000);
      expect(await auditRows(wiki.database)).to.have.deep.members([
        { email: alice.email, method: 'basic', ended: true, reason: 'shutdown' },
        { email: bob.email, method: 'bearer', ended: true, reason: 'shutdown' },
      ]);
      expect((await postMcp(wiki, basic(alice))).status).to.equal(503);
    });
  });
}
