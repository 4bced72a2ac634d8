import { expect } from 'chai';
import { assertGuarded } from 'express-mcp-guards/testing';
import { alice, bob } from '../src/db/demo-data.js';
import { auditRows } from './support/audit-rows.js';
import { backends } from './support/backends.js';
import { login, startWiki } from './support/running-wiki.js';

const two = {
  credentials: { username: alice.email, password: alice.password },
  otherCredentials: { username: bob.email, password: bob.password },
};

for (const backend of backends) {
  describe(`an audit of /mcp from outside (${backend.name})`, () => {
    it('finds nothing, and leaves no session open', async () => {
      const wiki = await startWiki(backend);
      const { findings, sessionsLeft } = await assertGuarded(wiki.wiki.app, { ...two, guesses: 8 });
      expect([findings, sessionsLeft]).to.deep.equal([[], 0]);
      expect((await auditRows(wiki.database)).filter(({ ended }) => !ended)).to.deep.equal([]);
    });

    it('finds nothing with tokens, behind the shared token', async () => {
      const wiki = await startWiki(backend, { mcpToken: 'shared-secret-of-the-team' });
      await assertGuarded(wiki.wiki.app, {
        credentials: { token: await login(wiki, alice) },
        otherCredentials: { token: await login(wiki, bob) },
        headers: { 'X-MCP-Token': 'shared-secret-of-the-team' },
        tokenInQuery: true,
      });
    });
  });
}
