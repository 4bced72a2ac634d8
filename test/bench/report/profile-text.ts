import type { Profile } from '../server/profiler.js';

const FUNCTIONS = 30;
const FILES = 25;

/** Where each microsecond was spent: by function, by file of ours, and by whose code it is. */
export function profileText({ nodes, samples = [], timeDeltas = [] }: Profile, calls: number): string {
  const times = new Map<number, number>();
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + (timeDeltas[index] ?? 0));

  const [functions, files, owners] = [new Map(), new Map(), new Map()] as Map<string, number>[];
  let total = 0;
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const time = times.get(id) ?? 0;
    if (time === 0 || functionName === '(idle)') continue;
    total += time;
    const file = shortened(url);
    add(functions, `${functionName || '(anonymous)'} ${file}${file ? `:${lineNumber + 1}` : ''}`, time);
    add(owners, ownerOf(file, functionName), time);
    if (file.startsWith('dist/')) add(files, file, time);
  }

  const lines = (map: ReadonlyMap<string, number> | undefined, most: number): string[] =>
    [...(map ?? [])]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, time]) => {
        const share = ((100 * time) / total).toFixed(1).padStart(5);
        return `${share} %  ${(time / calls).toFixed(1).padStart(6)} µs  ${name}`;
      });
  return [
    `${calls} calls, ${(total / calls).toFixed(0)} µs each`,
    ...['', 'by function (self)', ...lines(functions, FUNCTIONS)],
    ...['', 'our files (self)', ...lines(files, FILES)],
    ...['', 'by owner (self)', ...lines(owners, FILES)],
  ].join('\n');
}

function add(map: Map<string, number> | undefined, key: string, time: number): void {
  map?.set(key, (map.get(key) ?? 0) + time);
}

const shortened = (url: string): string =>
  url.replace(/^.*\/node_modules\//, '').replace(/^file:\/\/.*\/(dist|\.build)\//, '$1/');

function ownerOf(file: string, name: string): string {
  if (file === '') return name.startsWith('(') ? name : 'V8 and its built-ins';
  if (file.startsWith('dist/')) return 'ours';
  if (file.startsWith('.build/')) return 'the measured app';
  return file.startsWith('node:') ? file : file.split('/', file.startsWith('@') ? 2 : 1).join('/');
}
