// Not part of the whole test: `npm run test:clients` installs what it needs.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { as } from '../support/guarded.js';
import { type Watched, watchedV1, watchedV2 } from './support/apps.js';
import { REFUSED } from './support/cases.js';

const { INSPECTOR = '', INSPECTOR_NODE = '' } = process.env;
const TIMEOUT_MS = 30_000;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the Inspector once: it calls `echo`. */
async function inspect(
  { url }: Watched,
  headers: Readonly<Record<string, string>>,
  ...more: readonly string[]
): Promise<Outcome> {
  const home = mkdtempSync(join(tmpdir(), 'guards-inspector-'));
  try {
    const call = ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'text=hello'];
    const args = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
    const child = spawn(
      INSPECTOR_NODE,
      [INSPECTOR, '--cli', url.href, '--transport', 'http', ...call, ...args, ...more],
      // Without a PATH it finds no browser.
      {
        env: { HOME: home, PATH: home, BROWSER: 'none' },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: TIMEOUT_MS,
      },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve).once('error', reject);
    });
    return { code, out, err };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe('MCP Inspector, on the command line', function () {
  this.timeout(TIMEOUT_MS * 2);

  it('sends its headers, begins a session, and leaves it', async () => {
    await using app = await watchedV1();
    const { code, out } = await inspect(app, { ...as('ann'), 'X-MCP-Token': 's' });
    expect(code).to.equal(0);
    expect(JSON.parse(out).content).to.deep.equal([{ type: 'text', text: 'hello' }]);
    expect(app.lines).to.include.members(['POST 200', 'POST 202']).and.not.include('DELETE 200');
    for (const { headers } of app.seen) expect(headers).to.include({ ...as('ann'), 'x-mcp-token': 's' });
    expect(await app.sessions.list()).to.have.length(1);
  });

  for (const [era, sessions] of [
    ['auto', 0],
    ['modern', 0],
    ['legacy', 1],
  ] as const) {
    it(`speaks to both eras with --protocol-era ${era}`, async () => {
      await using app = await watchedV2();
      const { code, out } = await inspect(app, as('ann'), '--protocol-era', era);
      expect(code).to.equal(0);
      expect(out).to.include('hello');
      const begun = app.seen.filter(({ headers }) => headers['mcp-session-id']);
      expect(begun.length > 0).to.equal(sessions > 0);
    });
  }

  for (const { status, code, headers, setting, prepare } of REFUSED) {
    it(`ends at ${status} ${code}, after one request`, async () => {
      await using app = await watchedV1(setting);
      await prepare?.(app);
      const outcome = await inspect(app, headers);
      expect(app.lines).to.deep.equal([`POST ${status}`]);
      // 3: it takes 401 and 403 for a lack of authorization.
      expect(outcome.code).to.equal(status === 401 || status === 403 ? 3 : 1);
      // At 401 it speaks of OAuth alone.
      expect(outcome.err).to.include(status === 401 ? 'Interactive OAuth requires a TTY' : code);
    });
  }
});
