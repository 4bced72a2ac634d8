import { randomBytes } from 'node:crypto';
import type { Database } from '../../src/db/database.js';
import { migrate } from '../../src/db/migrate.js';
import { openPglite } from '../../src/db/pglite.js';
import { openPostgres } from '../../src/db/postgres.js';
import { seed } from '../../src/db/seed.js';
import { hashOnce } from './hash-once.js';

/** One kind of PostgreSQL that the suite runs on, in a schema of its own. */
export interface Backend {
  readonly name: string;
  /** The database as a first start leaves it: migrated and seeded, nothing else. */
  fresh(): Promise<Database>;
}

export const POSTGRES_URL = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
/** Its own name for each run, so that runs on one server do not meet. */
export const schema = `wiki_test_${randomBytes(6).toString('hex')}`;
const toDispose: Database[] = [];

const pglite: Backend = backend('PGlite', () => openPglite({ schema }));

const reachable = await openPostgres({ url: POSTGRES_URL, schema, connectTimeoutMs: 2000 }).catch(
  (error: Error) => error,
);
if (reachable instanceof Error) reportMissing(reachable);

/** Why there is no PostgreSQL; `undefined` where there is one. */
export const missingPostgres: string | undefined = reachable instanceof Error ? reachable.message : undefined;

/** What `describe` blocks are repeated for. */
export const backends: readonly Backend[] =
  reachable instanceof Error ? [pglite] : [pglite, backend('PostgreSQL', async () => reachable)];

function reportMissing(error: Error): void {
  console.log(`PostgreSQL: skipped, ${error.message}`);
  if (process.env.REQUIRE_SERVICES !== '1') return;
  it('runs on PostgreSQL, as REQUIRE_SERVICES asks', () => {
    throw error;
  });
}

function backend(name: string, open: () => Promise<Database>): Backend {
  let opened: Promise<Database> | undefined;
  return {
    name,
    async fresh() {
      opened ??= open();
      const database = await opened;
      if (!toDispose.includes(database)) toDispose.push(database);
      await database.exec(`drop schema if exists ${schema} cascade`);
      await migrate(database, schema);
      await seed(database, hashOnce);
      return database;
    },
  };
}

after('remove what the suite made', async () => {
  if (!(reachable instanceof Error || toDispose.includes(reachable))) toDispose.push(reachable);
  for (const database of toDispose) {
    await database.exec(`drop schema if exists ${schema} cascade`);
    await database.close();
  }
});
