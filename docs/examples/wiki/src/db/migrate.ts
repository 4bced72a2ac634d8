import { assertSchemaName, type Database } from './database.js';
import { migrations } from './migrations.js';

/** Applies what is missing, in order. Safe to run from several processes at once: each step holds a lock. */
export async function migrate(database: Database, schema: string): Promise<void> {
  assertSchemaName(schema);
  const lock = `select pg_advisory_xact_lock(hashtext('${schema}.schema_versions'));`;
  await database.exec(`${lock}
    create schema if not exists ${schema};
    create table if not exists ${schema}.schema_versions (version integer primary key);`);
  for (const [index, statements] of migrations.entries()) {
    const version = index + 1;
    await database.exec(`${lock}
      do $migration$ begin
        if exists (select from schema_versions where version = ${version}) then return; end if;
        ${statements}
        insert into schema_versions values (${version});
      end $migration$;`);
  }
}
