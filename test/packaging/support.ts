import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const PROJECTS: string = fileURLToPath(new URL('projects', import.meta.url));

const folders: string[] = [];
let packing: Promise<string> | undefined;
const installing = new Map<string, Promise<string>>();

/** Folders outside the repository: what a package forgot to name, nothing there lends to it. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'guards-packaging-'));
  folders.push(folder);
  return folder;
}

after('remove what the suite made', async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Runs a program; what it printed, or an error with all that it printed. */
export async function run(
  cwd: string,
  file: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  // An npm that runs this suite must not tell the npm of a project where it lives.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_(cache|registry|userconfig)$)/i.test(name),
  );
  try {
    const { stdout } = await promisify(execFile)(file, args, {
      cwd,
      env: { ...Object.fromEntries(inherited), ...more },
      maxBuffer: 2 ** 26,
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** What a clean clone does not have. */
const MADE = ['node_modules', '.git', 'dist', '.build', 'coverage'];

/**
 * The path of the tarball that `npm publish` would send. It is built from the sources in a copy of the repository, since
 * other tests use the build in this one.
 */
export function pack(): Promise<string> {
  packing ??= (async () => {
    const folder = await freshFolder();
    const copy = join(folder, 'repository');
    await cp(ROOT, copy, { recursive: true, filter: (path) => !MADE.includes(basename(path)) });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const packed = join(folder, 'packed');
    await mkdir(packed);
    await run(copy, 'npm', ['pack', '--silent', '--pack-destination', packed]);
    const [name = ''] = await readdir(packed);
    return join(packed, name);
  })();
  return packing;
}

/** A copy of one of the projects with the tarball installed as a stranger would, once a run. Resolves to its folder. */
export function install(project: string): Promise<string> {
  const known = installing.get(project) ?? installOnce(project);
  installing.set(project, known);
  return known;
}

async function installOnce(project: string): Promise<string> {
  const tarball = await pack();
  const folder = await freshFolder();
  await cp(join(PROJECTS, project), folder, { recursive: true });
  const strict = ['--engine-strict', '--strict-peer-deps'];
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
  await run(folder, 'npm', ['install', ...strict, ...quiet, tarball]);
  return folder;
}

/** The files of a project's `node_modules` that `code`, a module, makes Node load; package names first. */
export async function loadedBy(folder: string, code: string): Promise<readonly string[]> {
  // V8 reports every script that it has run.
  const report = await freshFolder();
  await run(folder, process.execPath, ['--input-type=module', '-e', code], { NODE_V8_COVERAGE: report });
  const loaded = new Set<string>();
  for (const name of await readdir(report)) {
    const { result } = JSON.parse(await readFile(join(report, name), 'utf8')) as {
      result: { url: string }[];
    };
    for (const { url } of result) {
      const [, path] = url.split(/\/node_modules\/(?!.*\/node_modules\/)/);
      if (path) loaded.add(path);
    }
  }
  return [...loaded].sort();
}

export const packagesOf = (files: readonly string[]): readonly string[] => [
  ...new Set(files.map((file) => file.split('/', file.startsWith('@') ? 2 : 1).join('/'))),
];
