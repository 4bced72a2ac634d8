import { PGlite } from '@electric-sql/pglite';
import { assertSchemaName, type Database, DatabaseUnreachable } from './database.js';

export interface PgliteOptions {
  readonly schema: string;
  /** Folder to keep the data in. Default: in memory, gone when the process ends. */
  readonly dataDir?: string | undefined;
}

/** PostgreSQL inside this process: nothing to install or start. One connection, so queries run one by one. */
export async function openPglite({ schema, dataDir }: PgliteOptions): Promise<Database> {
  assertSchemaName(schema);
  const pglite = await open(dataDir);
  await pglite.exec(`set search_path to ${schema}`);
  return {
    async query<Row>(text: string, params: readonly unknown[] = []): Promise<readonly Row[]> {
      return (await pglite.query<Row>(text, [...params])).rows;
    },
    async exec(script: string): Promise<void> {
      await pglite.exec(script);
    },
    close: () => pglite.close(),
  };
}

async function open(dataDir: string | undefined): Promise<PGlite> {
  try {
    return await PGlite.create(dataDir === undefined ? {} : { dataDir });
  } catch (cause) {
    const place = dataDir === undefined ? 'in memory' : `in the folder ${dataDir}`;
    throw new DatabaseUnreachable(`cannot open the embedded database ${place}`, { cause });
  }
}
