// Removes folders that a build has made: `node scripts/clean.mjs dist .build`.
import { rmSync } from 'node:fs';

const BUILT = ['dist', '.build'];

for (const name of process.argv.slice(2)) {
  if (!BUILT.includes(name)) throw new Error(`${name} is not a folder that a build makes`);
  rmSync(new URL(`../${name}`, import.meta.url), { recursive: true, force: true });
}
