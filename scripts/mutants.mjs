// Lists of mutants that no test can notice, each with the reason. `line` is the line of the compiled source, or of the Lua,
// that the mutant begins in, `replacement` one text or several.
import { readFileSync } from 'node:fs';

const fits = (entry) => (mutant) =>
  entry.file === mutant.file &&
  entry.line === mutant.line &&
  entry.original === mutant.original &&
  [entry.replacement].flat().includes(mutant.replacement);

/** The list in `test/<name>`. */
export function readMutants(name) {
  const entries = JSON.parse(readFileSync(new URL(`../test/${name}`, import.meta.url), 'utf8'));
  return {
    /** Whether a survivor is known, and said to change nothing. */
    listed: (mutant) => entries.some((entry) => fits(entry)(mutant)),

    /** The entries of `file` that fit none of its survivors, one for each replacement. */
    unused: (file, survivors) =>
      entries
        .filter((entry) => entry.file === file)
        .flatMap((entry) => [entry.replacement].flat().map((replacement) => ({ ...entry, replacement })))
        .filter((entry) => !survivors.some(fits(entry))),
  };
}
