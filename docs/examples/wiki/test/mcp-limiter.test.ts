import { expect } from 'chai';
import { alice, bob } from '../src/db/demo-data.js';
import { auditRows } from './support/audit-rows.js';
import { backends } from './support/backends.js';
import { call, postMcp, refusalOf } from './support/mcp.js';
import { basic, type RunningWiki, startWiki } from './support/running-wiki.js';

for (const backend of backends) {
  describe(`failed logins (${backend.name})`, () => {
    async function guess(wiki: RunningWiki, from: number, to: number): Promise<number[]> {
      const statuses: number[] = [];
      for (let n = from; n <= to; n++) {
        statuses.push((await postMcp(wiki, basic({ ...alice, password: `guess ${n}` }))).status);
      }
      return statuses;
    }

    it('are counted: the sixth is not looked at any more', async () => {
      const wiki = await startWiki(backend);
      expect(await guess(wiki, 1, 5)).to.deep.equal([401, 401, 401, 401, 401]);
      const sixth = await postMcp(wiki, basic({ ...alice, password: 'guess 6' }));
      expect(Number(sixth.headers.get('retry-after'))).to.be.within(1, 60);
      expect(await refusalOf(sixth)).to.deep.equal({ status: 429, code: 'too_many_attempts' });
      expect(await auditRows(wiki.database)).to.deep.equal([]);
    });

    it('count the same wrong password once', async () => {
      const wiki = await startWiki(backend);
      for (let n = 1; n <= 10; n++) {
        expect((await postMcp(wiki, basic({ ...alice, password: 'caps LOCK' }))).status).to.equal(401);
      }
      expect((await postMcp(wiki, basic(alice))).status).to.equal(200);
    });

    it('do not disturb those who are signed in', async () => {
      const wiki = await startWiki(backend);
      const { client } = await wiki.connect(basic(alice));
      await guess(wiki, 1, 6);
      expect((await call(client, 'list_pages')).isError).to.equal(false);
    });

    it('at the REST login come out of the same budget', async () => {
      const wiki = await startWiki(backend);
      for (let n = 1; n <= 5; n++) {
        const attempt = basic({ ...bob, password: `guess ${n}` });
        expect((await wiki.send('POST', '/api/login', attempt)).status).to.equal(401);
      }
      expect((await postMcp(wiki, basic({ ...bob, password: 'guess 6' }))).status).to.equal(429);
      expect((await wiki.send('POST', '/api/login', basic({ ...bob, password: 'guess 7' }))).status).to.equal(
        429,
      );
    });

    it('do not include those that the database could not answer', async () => {
      const wiki = await startWiki(backend);
      await wiki.database.exec('alter table users rename to users_away');
      for (let n = 1; n <= 6; n++) {
        const attempt = await postMcp(wiki, basic({ ...alice, password: `guess ${n}` }));
        expect(await refusalOf(attempt)).to.deep.equal({ status: 503, code: 'unavailable' });
      }
      await wiki.database.exec('alter table users_away rename to users');
      const { client } = await wiki.connect(basic(alice));
      expect((await call(client, 'list_pages')).isError).to.equal(false);
    });

    it('look the same for people who exist and people who do not', async () => {
      const wiki = await startWiki(backend);
      const known = await postMcp(wiki, basic({ ...alice, password: 'wrong' }));
      const unknown = await postMcp(wiki, basic({ email: 'nobody@wiki.example', password: 'wrong' }));
      expect(unknown.status).to.equal(known.status);
      expect(await unknown.text()).to.equal(await known.text());
      expect(unknown.headers.get('www-authenticate')).to.equal(known.headers.get('www-authenticate'));
    });
  });
}
