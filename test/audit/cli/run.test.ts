import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';

import { allChecks } from '../../../lib/audit/checks/index.js';
import { run } from '../../../lib/audit/cli/run.js';
import type { AuditReport } from '../../../lib/audit/finding.js';
import { ownVersion } from '../../../lib/audit/version.js';
import { faulty } from '../support/faulty.js';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function ran(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  isTTY = false,
): Promise<Ran> {
  let out = '';
  let err = '';
  const stdout = { isTTY, write: (text: string) => (out += text) };
  const stderr = { isTTY, write: (text: string) => (err += text) };
  return { code: await run(args, { env, stdout, stderr }), out, err };
}

async function ranAgainst(listener: RequestListener, ...args: string[]): Promise<Ran> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const result = await ran(['audit', `http://127.0.0.1:${port}/mcp`, '--timeout', '0.5', ...args]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return result;
}

const URL_ = 'http://127.0.0.1:1/mcp';

describe('the command line of the audit', () => {
  it('explains itself, lists its checks, and knows only one command', async () => {
    expect((await ran(['--help'])).out).to.include('--brute-force');
    expect((await ran(['audit', '-h'])).code).to.equal(0);
    const { out } = await ran(['--list']);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).to.deep.equal(allChecks.map(({ id }) => id));
    expect((await ran(['scan', URL_])).err).to.equal(
      'express-mcp-guards: the only command is audit\nTry --help.\n',
    );
    expect((await ran([])).code).to.equal(2);
  });

  it('hides no mistake of its own', async () => {
    const mistake = new TypeError('a mistake');
    const write = (): never => {
      throw mistake;
    };
    let told = '';
    const stderr = { write: (text: string) => (told += text) };
    const running = run(['--help'], { env: {}, stdout: { write }, stderr });
    expect(await running.catch((error: unknown) => error)).to.equal(mistake);
    expect(told).to.equal('');
  });

  it('tells its version, and writes the whole report as JSON', async () => {
    expect(await ran(['--version'])).to.deep.equal({ code: 0, out: `${ownVersion()}\n`, err: '' });
    await using server = await faulty();
    const { code, out } = await ran(['audit', server.url.href, '--json', '--only', 'host']);
    const { version, url, findings, checks } = JSON.parse(out) as AuditReport & { readonly version: string };
    expect([code, version, url, findings, checks.length]).to.deep.equal([
      0,
      ownVersion(),
      server.url.href,
      [],
      1,
    ]);
    expect(out)
      .to.match(/^\{\n {2}"version"/)
      .and.match(/\n\}\n$/);
  });

  it('fails from the severity on that it is told, and from low on where it is told none', async () => {
    await using server = await faulty('serves any Host', 'refuses a stale id', 'shows what it is made with');
    const three = ['host', 'session-fixation', 'error-leaks'].flatMap((check) => ['--only', check]);
    const code = async (...args: string[]): Promise<number> =>
      (await ran(['audit', server.url.href, '--user', 'ada:right', ...three, ...args])).code;
    expect(await code()).to.equal(1);
    expect(await code('--fail-on', 'low')).to.equal(1);
    expect(await code('--fail-on', 'medium')).to.equal(1);
    expect(await code('--fail-on', 'high')).to.equal(0);
    expect(await code('--skip', 'host', '--skip', 'error-leaks')).to.equal(0);
  });

  it('takes two people whose credentials are in another header, each once', async () => {
    const two = ['--credential', 'X-Api-Key: a', '--second-credential', 'X-Api-Key: b'];
    expect((await ran(['audit', URL_, ...two])).err).to.match(/^express-mcp-guards: .*ECONNREFUSED/);
    const twice = await ran(['audit', URL_, ...two, '--second-credential', 'x-api-key: c']);
    expect(twice.err).to.include('one header is given twice for the second credential');
  });

  const WRONG: readonly (readonly [string, readonly string[]])[] = [
    ['audit takes one URL', []],
    ['audit takes one URL', [URL_, URL_]],
    ['the URL must begin with http:// or https://', ['ftp://127.0.0.1']],
    ['the URL must begin with http:// or https://', ['nowhere']],
    ['the URL must hold no credential', ['http://ada:swordfish@127.0.0.1/mcp']],
    ['10.0.0.1 is not this machine', ['http://10.0.0.1/mcp', '--confirm-host', '10.0.0.2']],
    ['--legacy-sse must begin with', [URL_, '--legacy-sse', '/sse']],
    ['sse.example.com is not this machine', [URL_, '--legacy-sse', 'https://sse.example.com/']],
    ['option --swordfish is unknown', [URL_, '--swordfish']],
    ['option --user is unknown, or lacks its value', [URL_, '--user']],
    ['option -x is unknown', [URL_, '-x']],
    ["--user must be 'name:password'", [URL_, '--user', 'swordfish']],
    ['--user: the file cannot be read', [URL_, '--user', '@/no/such/file']],
    ["--bearer must be 'Name: value'", [URL_, '--bearer', 'sword\nfish']],
    ["--credential must be 'Name: value'", [URL_, '--credential', 'swordfish']],
    ["--header must be 'Name: value'", [URL_, '--header', 'a b: swordfish']],
    ['--header goes along with every request', [URL_, '--header', 'Authorization: Bearer swordfish']],
    ['one header is given twice', [URL_, '--user', 'ada:swordfish', '--bearer', 'swordfish']],
    ['a second credential needs a first', [URL_, '--second-bearer', 'swordfish']],
    [
      'the second credential must be of another person',
      [URL_, '--bearer', 'swordfish', '--second-bearer', 'swordfish'],
    ],
    [
      'the second credential must be of another person',
      [URL_, '--user', 'ada:x', '--second-user', 'ada:swordfish'],
    ],
    ['--only and --skip take the names', [URL_, '--only', 'swordfish']],
    ['no check is left', [URL_, '--only', 'cors', '--skip', 'cors']],
    ['--timeout must be a number above 0', [URL_, '--timeout', '0']],
    ['--guesses must be a number above 0, at most 1000', [URL_, '--brute-force', '--guesses', '1001']],
    ['--guesses and --account go with --brute-force', [URL_, '--account', 'ada']],
    ['--fail-on must be high, medium or low', [URL_, '--fail-on', 'advice']],
  ];
  for (const [text, args] of WRONG) {
    it(`refuses ${args.slice(-2).join(' ').replace(/\s+/g, ' ') || 'nothing'}: ${text}`, async () => {
      const { code, out, err } = await ran(['audit', ...args]);
      expect([code, out]).to.deep.equal([2, '']);
      expect(err).to.include(`express-mcp-guards: ${text}`);
      if (text !== 'option --swordfish is unknown') expect(err).to.not.include('swordfish');
    });
  }

  it('colours a terminal and shows there how far it is, unless NO_COLOR is set', async () => {
    await using server = await faulty('serves any Host', 'refuses a stale id', 'shows what it is made with');
    const args = ['audit', server.url.href, '--user', 'ada:right'];
    const coloured = await ran(args, {}, true);
    expect(coloured.out).to.include('\u001b[31mMEDIUM').and.include('\u001b[32mpassed');
    expect(coloured.err).to.include('… A foreign Host is refused');
    expect(coloured.err.endsWith('\r\u001b[K')).to.equal(true);
    const plain = await ran(args, { NO_COLOR: '1' }, true);
    expect(plain.out).to.not.include('\u001b');
    expect(plain.out).to.include('and 13 more');
  });

  it('guesses at the account that it is given, as often as it is told', async () => {
    await using server = await faulty('limits no passwords');
    const guessing = ['--brute-force', '--guesses', '3', '--account', 'ada', '--only', 'brute-force'];
    const { code, out } = await ran(['audit', server.url.href, '--user', 'bob:right', ...guessing]);
    expect(code).to.equal(1);
    expect(out).to.include('3 wrong credentials in a row');
  });

  it('does not call an audit clean in which no answer came', async () => {
    const answer = (status: number, body: object) => JSON.stringify({ jsonrpc: '2.0', ...body, status });
    const { code, out } = await ranAgainst((request, response) => {
      if (request.method === 'POST')
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(answer(401, {}));
    });
    expect(code).to.equal(2);
    expect(out).to.include('incomplete').and.include('stopped: no answer within 0.5 s');
  });

  it('says of what is no MCP endpoint that it is none, and of a redirect where that comes from', async () => {
    const page = await ranAgainst((_, response) => response.end('<h1>Hello</h1>'));
    expect([page.code, page.err]).to.deep.equal([
      2,
      'express-mcp-guards: no MCP endpoint answers there: initialize is answered 200 and 200\n',
    ]);
    const moved = await ranAgainst((_, response) =>
      response.writeHead(308, { location: 'https://evil.example/' }).end(),
    );
    expect(moved.err).to.include('answered 308 and 308; it redirects, and redirects are not followed');
  });

  it('tells how many sessions it could not end', async () => {
    const { out } = await ranAgainst(
      (request, response) => {
        let body = '';
        request.on('data', (chunk) => (body += chunk));
        request.on('end', () => {
          const { id } = (body.startsWith('{"jsonrpc":"2.0"') ? JSON.parse(body) : {}) as { id?: string };
          if (request.method !== 'POST') response.writeHead(405).end();
          else
            response
              .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': `${Math.random()}` })
              .end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
        });
      },
      '--only',
      'session-ids',
    );
    expect(out).to.match(/\n\d sessions could not be ended\.\n/);
  });
});
