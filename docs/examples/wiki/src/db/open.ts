import type { Database } from './database.js';
import { migrate } from './migrate.js';
import { openPglite } from './pglite.js';
import { openPostgres } from './postgres.js';

export interface DatabaseOptions {
  readonly schema: string;
  readonly databaseUrl?: string | undefined;
  readonly dataDir?: string | undefined;
}

/** Opens the server at `databaseUrl`, else the embedded database, and brings its schema up to date. */
export async function openDatabase({ schema, databaseUrl, dataDir }: DatabaseOptions): Promise<Database> {
  const database =
    databaseUrl === undefined
      ? await openPglite({ schema, dataDir })
      : await openPostgres({ url: databaseUrl, schema });
  try {
    await migrate(database, schema);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}
