// Imports in lib/ point one way. Fails on an import that does not, on a guard that imports another guard, on a
// package where it has no place, and on a circle; imports of types count like any other.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-5.9';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const BASE = ['types', 'errors'];
const PLAIN = [...BASE, 'options', 'http'];
const STATE = [
  ...PLAIN,
  'within-time',
  'response-end',
  'principal',
  'events',
  'request-state',
  'request-body',
];
const CORE = [...STATE, 'credentials', 'sessions', 'guard', 'authentication'];
const SHELL = [...CORE, 'open-exchange'];
const SDK = '@modelcontextprotocol/sdk';

/** Each file of lib/, or folder in it: which others it may import, and which packages. */
const LAYERS = {
  types: { from: [], packages: ['express'] },
  errors: { from: [], packages: [] },
  options: { from: BASE, packages: [] },
  http: { from: BASE, packages: [] },
  'within-time': { from: [], packages: [] },
  'response-end': { from: [], packages: ['express'] },
  principal: { from: PLAIN, packages: [] },
  events: { from: PLAIN, packages: [] },
  'request-state': { from: PLAIN, packages: ['express'] },
  'request-body': { from: PLAIN, packages: ['express'] },
  credentials: { from: STATE, packages: ['lru-cache', 'rate-limiter-flexible'] },
  sessions: { from: STATE, packages: ['express'] },
  guard: { from: STATE, packages: ['express'] },
  authentication: {
    from: [...STATE, 'credentials', 'guard'],
    packages: ['express', 'passport', 'passport-http', 'passport-http-bearer'],
  },
  'open-exchange': { from: CORE, packages: ['express'] },
  guards: { from: SHELL, packages: ['express'] },
  handler: { from: SHELL, packages: ['express', SDK] },
  index: { from: [...SHELL, 'guards', 'handler'], packages: [] },
  jwt: { from: PLAIN, packages: ['jose'] },
  passwords: { from: PLAIN, packages: [] },
  redis: { from: [...PLAIN, 'within-time', 'principal'], packages: [] },
  audit: { from: PLAIN, packages: [] },
  testing: { from: [...PLAIN, 'principal', 'audit'], packages: [] },
  v2: { from: [...SHELL, 'handler'], packages: ['express', '@modelcontextprotocol/server'] },
};

const layerOf = (file) => file.split('/')[0].replace(/\.ts$/, '');
const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/** What is wrong with `specifier` in `file`; nothing where it is right. */
function fault(file, specifier, target) {
  const layer = layerOf(file);
  const rules = LAYERS[layer];
  if (!rules) return `${layer} has no place in scripts/check-imports.mjs`;
  if (specifier.startsWith('node:')) return undefined;
  if (!target) {
    return rules.packages.includes(packageOf(specifier))
      ? undefined
      : `${layer} must not import ${specifier}`;
  }
  if (layer === 'guards') {
    if (layerOf(target) === 'guards') return `no guard imports another guard: ${target}`;
  } else if (layerOf(target) === layer) return undefined;
  return rules.from.includes(layerOf(target)) ? undefined : `${layer} must not import ${target}`;
}

/** The first circle that `file` is on, as a path; nothing where it is on none. */
function circle(graph, file, path = [], cleared = new Set()) {
  const start = path.indexOf(file);
  if (start !== -1) return [...path.slice(start), file];
  if (cleared.has(file)) return undefined;
  for (const next of graph.get(file) ?? []) {
    const found = circle(graph, next, [...path, file], cleared);
    if (found) return found;
  }
  cleared.add(file);
  return undefined;
}

/** Every fault of the tree of sources at `folder`. */
export function importFaults(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.ts'));
  const faults = [];
  const graph = new Map();
  for (const file of files) {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(folder, file), 'utf8'), true, true);
    const targets = [];
    for (const { fileName: specifier } of importedFiles) {
      const target = specifier.startsWith('.')
        ? normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts')
        : undefined;
      if (target) targets.push(target);
      const text = fault(file, specifier, target);
      if (text) faults.push(`${file}: ${text}`);
    }
    graph.set(file, targets);
  }
  const cleared = new Set();
  for (const file of files) {
    const found = circle(graph, file, [], cleared);
    if (found) {
      faults.push(`circle: ${found.join(' → ')}`);
      break;
    }
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = importFaults(process.argv[2] ?? join(ROOT, 'lib'));
  for (const text of faults) console.error(`lib/${text}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
