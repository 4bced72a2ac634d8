import pg from 'pg';
import { assertSchemaName, type Database, DatabaseUnreachable } from './database.js';

export interface PostgresOptions {
  readonly url: string;
  readonly schema: string;
  readonly connectTimeoutMs?: number;
}

/** A real server. Throws `DatabaseUnreachable` when it does not answer now. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  assertSchemaName(options.schema);
  const pool = new pg.Pool({
    connectionString: options.url,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
    options: `-c search_path=${options.schema}`,
    max: 10,
  });
  // A connection that breaks while idle is replaced by the next query; unheard, it would end the process.
  pool.on('error', (error) => console.error('database connection lost:', error.message));
  try {
    await pool.query('select 1');
  } catch (cause) {
    await pool.end();
    throw new DatabaseUnreachable(`cannot reach PostgreSQL at ${placeOf(options.url)}: ${reasonOf(cause)}`, {
      cause,
    });
  }
  return {
    async query<Row>(text: string, params: readonly unknown[] = []): Promise<readonly Row[]> {
      return (await pool.query(text, [...params])).rows as Row[];
    },
    async exec(script: string): Promise<void> {
      await pool.query(script);
    },
    close: () => pool.end(),
  };
}

function placeOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname || 'localhost'}:${port || '5432'}${pathname}`;
  } catch {
    return 'DATABASE_URL (not a URL)';
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return message || code || 'no answer';
}
