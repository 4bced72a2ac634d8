import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificate } from './certificate.js';
import { listens } from './listens.js';

export interface NginxOptions {
  readonly port: number;
  readonly nodes: readonly [number, number];
}

export interface Nginx {
  readonly url: string;
  /** Where its certificate and its access log are. */
  readonly folder: string;
  /** For clients to trust. */
  readonly certificate: string;
  close(): Promise<void>;
}

/** Where Debian keeps nginx is not in everybody's PATH. */
export const withSbin = { ...process.env, PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin` };

/** `nginx.conf`, on these ports, from a folder of its own that is removed in the end. */
export async function startNginx({ port, nodes }: NginxOptions): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'wiki-nginx-'));
  // As root, nginx hands its workers to another user, and they must get in.
  await chmod(folder, 0o755);
  const certificate = await writeCertificate(folder);
  await writeFile(join(folder, 'nginx.conf'), await configuration({ port, nodes }));
  const child = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf', '-g', 'daemon off;'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: withSbin,
  });
  const closed = once(child, 'close').catch(() => {});
  const killAtExit = (): void => void child.kill();
  process.once('exit', killAtExit);
  async function close(): Promise<void> {
    process.off('exit', killAtExit);
    child.kill('SIGTERM');
    await closed;
    await rm(folder, { recursive: true, force: true });
  }
  try {
    await listens(child, 'nginx', port);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `https://127.0.0.1:${port}`, folder, certificate, close };
}

async function configuration({ port, nodes: [first, second] }: NginxOptions): Promise<string> {
  const text = await readFile(new URL('../nginx.conf', import.meta.url), 'utf8');
  const ports: Record<string, number> = { '8443': port, '3001': first, '3002': second };
  return text.replace(/127\.0\.0\.1:(8443|3001|3002)\b/g, (_, given) => `127.0.0.1:${ports[given]}`);
}
