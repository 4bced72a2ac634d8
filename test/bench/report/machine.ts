import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';

const require = createRequire(import.meta.url);
const PACKAGES = ['express', '@modelcontextprotocol/sdk', '@modelcontextprotocol/server', 'passport-http'];

/** What the numbers were measured on, and with. */
export function machineText(arguments_: readonly string[], minutes: number): string {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const versions = PACKAGES.map((name) => `\`${name}\` ${versionOf(name)}`);
  const day = new Date().toISOString().slice(0, 10);
  const command = ['npm run bench', ...(arguments_.length > 0 ? ['--', ...arguments_] : [])].join(' ');
  return [
    `${day}, commit ${commit()}; \`${command}\`, ${minutes.toFixed(1)} minutes.`,
    `${processors.length} × ${processors[0]?.model.trim()}, ${gigabytes} GB, ${platform()} ${release()}, Node ${process.version};`,
    `load average at the end ${loadavg()[0]?.toFixed(1)}. ${versions.join(', ')}.`,
  ].join('\n');
}

/** Many packages do not export their `package.json`, so it is looked for where they are. */
function versionOf(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { version: string }).version;
    } catch {
      // It is in another of these folders.
    }
  }
  return '?';
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
