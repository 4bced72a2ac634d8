import { spawnSync } from 'node:child_process';
import { withSbin } from '../../two-nodes/nginx.js';
import { missingPostgres } from './backends.js';

export interface Services {
  readonly programs: readonly string[];
  readonly postgres?: boolean;
}

/** For `before`: skips the suite where something is missing, and says so; a failure where REQUIRE_SERVICES asks for it. */
export function needsServices(
  context: Mocha.Context,
  suite: string,
  { programs, postgres = false }: Services,
): void {
  const missing = [
    ...programs
      .filter((name) => spawnSync(name, ['-v'], { env: withSbin }).error)
      .map((name) => `${name} is not installed`),
    ...(missingPostgres === undefined || !postgres ? [] : [missingPostgres]),
  ];
  if (missing.length === 0) return;
  const text = missing.join('; ');
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(text);
  console.log(`${suite}: skipped, ${text}`);
  context.skip();
}
