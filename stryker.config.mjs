// How scripts/mutate.mjs runs Stryker; it adds what to mutate, and which tests to run.
// The compiled sources are mutated, not the TypeScript: nothing has to be compiled again for a mutant.
import { fileURLToPath } from 'node:url';

const own = (name) => fileURLToPath(new URL(`scripts/${name}.mjs`, import.meta.url));

export const config = {
  testRunner: 'compiled',
  coverageAnalysis: 'perTest',
  plugins: [own('mutate-runner'), own('mutate-ignorer')],
  ignorers: ['words'],
  ignorePatterns: [
    '**',
    '!package.json',
    '!scripts/mocha-strict.cjs',
    '!.build/lib/**',
    '!.build/test/**',
    '!dist/**',
    '!docs/*.md',
  ],
  tempDirName: 'coverage/stryker',
  checkers: [],
  disableTypeChecks: false,
  concurrency: 1,
  timeoutMS: 5000,
  timeoutFactor: 2,
  reporters: ['json'],
  warnings: { unknownOptions: false },
  thresholds: { break: null },
  allowConsoleColors: false,
};
