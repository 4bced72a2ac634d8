/** All that the wiki asks of PostgreSQL. */
export interface Database {
  /** One statement; parameters are `$1`, `$2`, … */
  query<Row>(text: string, params?: readonly unknown[]): Promise<readonly Row[]>;
  /** Several statements without parameters, in one transaction. */
  exec(script: string): Promise<void>;
  close(): Promise<void>;
}

/** The database could not be reached at start. The message names the place, never its password. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

/** Schema names are written into statements, so only plain ones are taken. */
export function isSchemaName(name: string): boolean {
  return /^[a-z_][a-z0-9_]{0,62}$/.test(name);
}

export function assertSchemaName(name: string): void {
  if (!isSchemaName(name)) throw new TypeError('not a plain schema name');
}
