// Compiles test/types/ against the built package with the TypeScripts that users have, in their settings.
// Needs `npm run build` before.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMPILERS = { 5.9: 'typescript-5.9/lib/tsc.js', newest: 'typescript/bin/tsc' };
const RESOLUTIONS = { node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' };

const settings = (compiler) =>
  Object.keys(RESOLUTIONS).flatMap((moduleResolution) =>
    [true, false].map((isExact) => ({ compiler, moduleResolution, isExact, isDeep: true })),
  );

/** The older compiler takes many seconds for the declarations of the packages we need, so that it reads them once. */
const LANES = [
  settings('newest'),
  [
    { compiler: '5.9', moduleResolution: 'node16', isExact: true, isDeep: true },
    { compiler: '5.9', moduleResolution: 'nodenext', isExact: false, isDeep: false },
    { compiler: '5.9', moduleResolution: 'bundler', isExact: false, isDeep: false },
  ],
];

/** The errors, each with its lines, but for those in the declarations of other packages. */
function faultsOf(output) {
  const errors = output.trim().split(/\n(?!\s)/);
  return errors.filter((error) => error !== '' && !error.startsWith('node_modules/'));
}

function compile({ compiler, moduleResolution, isExact, isDeep }) {
  const name = `${compiler}-${moduleResolution}-${isExact ? 'exact' : 'loose'}`;
  const folder = `.build/types/${name}`;
  const config = {
    compilerOptions: {
      target: 'ES2023',
      lib: ['ES2023'],
      module: RESOLUTIONS[moduleResolution],
      moduleResolution,
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: isExact,
      noUncheckedIndexedAccess: isExact,
      skipLibCheck: !isDeep,
      noEmit: true,
    },
    include: ['../../../test/types'],
    exclude: [`../../../test/types/${isExact ? 'loose' : 'exact'}.ts`],
  };
  mkdirSync(join(ROOT, folder), { recursive: true });
  writeFileSync(join(ROOT, folder, 'tsconfig.json'), JSON.stringify(config));
  const since = performance.now();
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules', COMPILERS[compiler]), '--pretty', 'false', '-p', folder],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const faults = faultsOf(output);
      // An exit without a word is a crash of the compiler.
      const isGood = code === 0 || (faults.length === 0 && output !== '');
      const seconds = ((performance.now() - since) / 1000).toFixed(1);
      console.log([...faults, `${isGood ? '✓' : '✗'} TypeScript ${name} (${seconds} s)`].join('\n'));
      resolve(isGood);
    });
  });
}

const verdicts = await Promise.all(
  LANES.map(async (lane) => {
    const isGood = [];
    for (const setting of lane) isGood.push(await compile(setting));
    return isGood;
  }),
);
process.exitCode = verdicts.flat().every(Boolean) ? 0 : 1;
