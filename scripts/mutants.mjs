// test/mutants.json: the mutants that no test can notice, each with the reason. `line` is the line of the compiled source
// that the mutant begins in, `replacement` one text or several.
import { readFileSync } from 'node:fs';

const ENTRIES = JSON.parse(readFileSync(new URL('../test/mutants.json', import.meta.url), 'utf8'));

const fits = (entry) => (mutant) =>
  entry.file === mutant.file &&
  entry.line === mutant.line &&
  entry.original === mutant.original &&
  [entry.replacement].flat().includes(mutant.replacement);

/** Whether a survivor is known, and said to change nothing. */
export const listed = (mutant) => ENTRIES.some((entry) => fits(entry)(mutant));

/** The entries of `file` that fit none of its survivors, one for each replacement. */
export const unused = (file, survivors) =>
  ENTRIES.filter((entry) => entry.file === file)
    .flatMap((entry) => [entry.replacement].flat().map((replacement) => ({ ...entry, replacement })))
    .filter((entry) => !survivors.some(fits(entry)));
