import { spawnSync } from 'node:child_process';
import { missingPostgres } from './backends.js';

/**
 * For `before`: skips the suite where one of these programs or PostgreSQL is missing, and says so; a failure where
 * REQUIRE_SERVICES asks for it.
 */
export function needsServices(context: Mocha.Context, suite: string, programs: readonly string[]): void {
  const missing = [
    ...programs.filter((name) => spawnSync(name, ['-v']).error).map((name) => `${name} is not installed`),
    ...(missingPostgres === undefined ? [] : [missingPostgres]),
  ];
  if (missing.length === 0) return;
  const text = missing.join('; ');
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(text);
  console.log(`${suite}: skipped, ${text}`);
  context.skip();
}
