// What installing this package brings along: its dependencies and theirs, as the lock file has them. Peers are the user's own.
import { readFileSync } from 'node:fs';

const read = (path) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));

/** Where Node finds `name` from the package at `from`, a key of the lock file. */
function resolve(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const key = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[key]) return key;
    if (folder === '') throw new Error(`${name} is not in the lock file`);
  }
}

/** The older form of the field is a list; who has neither says it in the text that comes along. */
function licenseOf({ license, licenses }) {
  return license ?? licenses?.[0]?.type;
}

/** Each with name, version, license, integrity, where it comes from, and whether it runs a script when installed. */
export function dependencies() {
  const { packages } = read('package-lock.json');
  const found = new Map();
  const open = [''];
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    for (const name of Object.keys(packages[from].dependencies ?? {})) {
      const key = resolve(packages, from, name);
      if (found.has(key)) continue;
      const { version, resolved, integrity, hasInstallScript = false } = packages[key];
      const license = licenseOf(read(`${key}/package.json`));
      found.set(key, { name, version, license, resolved, integrity, hasInstallScript });
      open.push(key);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
