import { existsSync, readFileSync } from 'node:fs';

const isSource = import.meta.url.endsWith('.ts');
/** The compiled tests read what is kept with the sources. */
const FOLDER = new URL(isSource ? './corpus/' : '../../../test/fuzz/corpus/', import.meta.url);

/** The values that are kept for a target: finds, and what is worth to begin with. */
export function corpusOf(name: string): readonly string[] {
  const file = new URL(`${name}.json`, FOLDER);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : [];
}
