import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DatabaseUnreachable } from '../src/db/database.js';
import { demoUsers } from '../src/db/demo-data.js';
import { migrate } from '../src/db/migrate.js';
import { migrations } from '../src/db/migrations.js';
import { openDatabase } from '../src/db/open.js';
import { openPostgres } from '../src/db/postgres.js';
import { seed } from '../src/db/seed.js';
import { backends, schema } from './support/backends.js';
import { hashOnce } from './support/hash-once.js';

for (const backend of backends) {
  describe(`database (${backend.name})`, () => {
    it('is migrated once, however many processes start at once', async () => {
      const database = await backend.fresh();
      await database.exec(`drop schema ${schema} cascade`);
      await Promise.all([1, 2, 3].map(() => migrate(database, schema)));
      const versions = await database.query('select version from schema_versions order by version');
      expect(versions).to.deep.equal(migrations.map((_, index) => ({ version: index + 1 })));
    });

    it('keeps passwords as hashes only', async () => {
      const database = await backend.fresh();
      const rows = await database.query<{ row: string }>('select users::text as row from users');
      expect(rows).to.have.length(demoUsers.length);
      for (const { row } of rows) {
        expect(row).to.include('$scrypt$');
        for (const { password } of demoUsers) expect(row).not.to.include(password);
      }
    });

    it('is seeded only while it is empty', async () => {
      const database = await backend.fresh();
      await database.query("update pages set body = 'mine' where slug = 'home'");
      await database.query('delete from page_grants');
      await seed(database, hashOnce);
      const [home] = await database.query<{ body: string }>("select body from pages where slug = 'home'");
      expect(home?.body).to.equal('mine');
      expect(await database.query('select 1 from page_grants')).to.have.length(0);
    });
  });
}

describe('opening a database', () => {
  it('keeps what is in DATA_DIR', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'wiki-'));
    try {
      const first = await openDatabase({ schema: 'wiki', dataDir });
      await seed(first, async () => 'hash');
      await first.close();
      const second = await openDatabase({ schema: 'wiki', dataDir });
      expect(await second.query('select 1 from users')).to.have.length(demoUsers.length);
      await second.close();
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  it('says where the server is that does not answer, and keeps the password to itself', async () => {
    // Port 1 is never a PostgreSQL server.
    const url = 'postgres://wiki:very-secret@127.0.0.1:1/wiki';
    const error = await openPostgres({ url, schema: 'wiki' }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(DatabaseUnreachable);
    expect(String(error)).to.include('127.0.0.1:1/wiki').and.not.to.include('very-secret');
  });
});
