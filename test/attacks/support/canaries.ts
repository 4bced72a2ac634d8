import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import { onGuardEvent } from '../../../lib/index.js';

/** Secrets that share one unguessable root, so that one search finds any of them, in any dress. */
export interface Canaries {
  /** How many there are. */
  readonly count: number;
  /** A new one: lower-case letters and digits. */
  next(): string;
  /** The first place in `text` where one shows, as it is, in base64 or in hexadecimal; `undefined` if none does. */
  find(text: string): string | undefined;
}

export function canaries(): Canaries {
  const root = `kanarie${randomBytes(9).toString('hex')}`;
  const dress = new RegExp(
    [root, ...base64Of(root), hexOf(root, ''), hexOf(root, ' ')].map(quoted).join('|'),
    'i',
  );
  let count = 0;
  return {
    get count() {
      return count;
    },
    next() {
      count += 1;
      return `${root}x${count.toString(36)}`;
    },
    find(text) {
      const at = text.search(dress);
      return at === -1 ? undefined : text.slice(Math.max(0, at - 200), at + 60);
    },
  };
}

/** What base64 makes of `text` at each of the three places it can stand in, without what its neighbours change. */
function base64Of(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('\0'.repeat(shift) + text).toString('base64');
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + text.length) * 8) / 6));
  });
}

const hexOf = (text: string, separator: string): string =>
  [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0')).join(separator);

const quoted = (text: string): string => text.replace(/[+/]/g, '\\$&');

/** Everything a developer might write of a value to a log. */
export function shown(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {}
  // `console.dir` does not ask an object how it wants to be shown.
  const dir = inspect(value, { depth: 10, customInspect: false });
  return [inspect(value, { depth: 10, showHidden: true }), dir, json, String(value)].join('\n');
}

const CONSOLE = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;

/** Hands over all that this process says, to anybody, and keeps it off the screen. */
export function eavesdrop(hear: (channel: string, text: string) => void): Disposable {
  const { stdout, stderr } = process;
  const real = { stdout: stdout.write, stderr: stderr.write, console: { ...console } };
  stdout.write = ((chunk: unknown) => {
    hear('stdout', String(chunk));
    return true;
  }) as typeof stdout.write;
  stderr.write = ((chunk: unknown) => {
    hear('stderr', String(chunk));
    return true;
  }) as typeof stderr.write;
  for (const name of CONSOLE)
    console[name] = (...args: unknown[]) => hear('console', args.map(shown).join(' '));
  const onWarning = (warning: Error): void => hear('warning', shown(warning));
  process.on('warning', onWarning);
  const stop = onGuardEvent((event) => hear('event', shown(event)));
  return {
    [Symbol.dispose]() {
      stop();
      process.off('warning', onWarning);
      Object.assign(console, real.console);
      stdout.write = real.stdout;
      stderr.write = real.stderr;
    },
  };
}
