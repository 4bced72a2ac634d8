import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { allChecks } from '../../lib/audit/checks/index.js';
import type { AuditReport } from '../../lib/audit/finding.js';
import { ownVersion } from '../../lib/audit/version.js';
import { basic } from '../support/call.js';
import { command } from './support/command.js';
import { faulty } from './support/faulty.js';
import { ours } from './support/ours.js';

const TWO = ['--user', 'ada:right', '--second-user', 'bob:right'];

describe('express-mcp-guards audit, in a process of its own', function () {
  this.timeout(60_000);

  it('exits with 0 where nothing is found, and leaves no session', async () => {
    await using app = await ours();
    const { code, stdout, stderr } = await command([
      'audit',
      app.url.href,
      ...TWO,
      '--legacy-sse',
      app.sse.href,
    ]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.match(/^Audit of http:\/\/127\.0\.0\.1:\d+\/mcp\nIt serves 2025-11-25\./);
    expect(stdout).to.match(/\nno finding; \d+ checks passed, \d+ could not be made\n$/);
    expect(await app.sessions()).to.equal(0);
  });

  it('exits with 1 where something is found, and shows no credential, no session id and no colour', async () => {
    await using server = await faulty('serves foreign requests', 'shows a stack', 'refuses a stale id');
    const { code, stdout, stderr } = await command(['audit', server.url.href, ...TWO]);
    expect(code).to.equal(1);
    expect(stdout).to.include('HIGH    A session serves somebody else: POST of a request (hijack-request)');
    expect(stdout).to.include(
      'sent    ping in the session of the first credential, with the second credential',
    );
    expect(stdout).to.match(/\n3 findings \(1 high, 1 medium, 1 advice\); /);
    for (const secret of ['right', basic('ada', 'right').slice(6), basic('bob', 'right').slice(6), '\u001b'])
      expect(stdout + stderr).to.not.include(secret);
    expect(server.sessions).to.equal(0);
  });

  it('prints JSON that holds the whole report', async () => {
    await using server = await faulty('serves any Host', 'refuses a stale id');
    const { code, stdout } = await command(['audit', server.url.href, ...TWO, '--json', '--fail-on', 'high']);
    expect(code).to.equal(0);
    const report = JSON.parse(stdout) as AuditReport & { readonly version: string };
    expect(report).to.have.all.keys(
      ...['version', 'url', 'startedAt', 'serves', 'checks', 'findings', 'requests', 'sessionsLeft'],
    );
    expect(report.version).to.equal(ownVersion());
    expect(report.findings.map(({ id }) => id)).to.deep.equal(['foreign-host-served', 'stale-session-id']);
    for (const finding of report.findings)
      expect(finding).to.have.all.keys(
        ...['id', 'check', 'title', 'severity', 'evidence', 'reason', 'standards', 'fix'],
      );
    expect(report.checks.map(({ id }) => id)).to.deep.equal(allChecks.map(({ id }) => id));
  });

  it('takes credentials from files and from the environment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'guards-audit-'));
    try {
      await writeFile(join(folder, 'user'), 'ada:right\n');
      await writeFile(join(folder, 'header'), `Authorization: ${basic('bob', 'right')}\r\n`);
      await using server = await faulty('serves foreign requests');
      const only = ['--only', 'session-hijack'];
      const files = ['--user', `@${folder}/user`, '--second-credential', `@${folder}/header`];
      expect((await command(['audit', server.url.href, ...files, ...only])).code).to.equal(1);
      const names = { MCP_AUDIT_BEARER: 'token-of-ada', MCP_AUDIT_SECOND_CREDENTIAL: `@${folder}/header` };
      expect((await command(['audit', server.url.href, ...only], names)).code).to.equal(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('exits with 2 where nothing can be audited', async () => {
    await using server = await faulty();
    const refused = await command(['audit', server.url.href, '--user', 'ada:swordfish']);
    expect(refused).to.deep.equal({
      code: 2,
      signal: null,
      stdout: '',
      stderr: 'express-mcp-guards: the first credential is not served: it is answered 401 and 401\n',
    });
    const nobody = await command(['audit', 'http://127.0.0.1:1/mcp']);
    expect([nobody.code, nobody.stderr]).to.deep.equal([
      2,
      'express-mcp-guards: connect ECONNREFUSED 127.0.0.1:1\n',
    ]);
    const foreign = await command(['audit', 'http://mcp.example.com/mcp']);
    expect(foreign.code).to.equal(2);
    expect(foreign.stderr).to.include(
      'mcp.example.com is not this machine: attack it only if you may, with --confirm-host',
    );
  });

  it('leaves no session where the second credential is refused', async () => {
    await using app = await ours();
    const { code, stderr } = await command([
      ...['audit', app.url.href, '--user', 'ada:right', '--second-user', 'bob:wrong'],
    ]);
    expect([code, stderr]).to.deep.equal([
      2,
      'express-mcp-guards: the second credential is not served: it is answered 401 and 401\n',
    ]);
    expect(await app.sessions()).to.equal(0);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`leaves no session where it is interrupted with ${signal}, and ends by it`, async () => {
      let child: ChildProcess | undefined;
      let isInSession = false;
      await using app = await ours({
        last({ method, headers }, _response, next) {
          if (!isInSession && method === 'POST' && headers['mcp-session-id'] !== undefined) {
            isInSession = true;
            child?.kill(signal);
          }
          // What is left would take a minute like this: it hears of the signal long before.
          if (isInSession) setTimeout(next, 250);
          else next();
        },
      });
      const ended = await command(['audit', app.url.href, ...TWO], {}, (started) => {
        child = started;
      });
      expect(ended).to.deep.equal({
        code: null,
        signal,
        stdout: '',
        stderr: 'express-mcp-guards: it was interrupted\n',
      });
      expect(await app.sessions()).to.equal(0);
    });

  it('audits over HTTPS, and only where the certificate is trusted', async () => {
    const folder = new URL('../support/tls/', new URL(import.meta.url.replace('/.build/test/', '/test/')));
    const key = new URL('localhost.key', folder);
    const cert = new URL('localhost.crt', folder);
    await using app = await ours({ tls: { key: await readFile(key), cert: await readFile(cert) } });
    const trusted = await command(['audit', app.url.href, ...TWO], {
      NODE_EXTRA_CA_CERTS: fileURLToPath(cert),
    });
    expect([trusted.code, trusted.stderr]).to.deep.equal([0, '']);
    expect(trusted.stdout).to.include(`Audit of ${app.url.href}`);
    expect(await app.sessions()).to.equal(0);
    const untrusted = await command(['audit', app.url.href, ...TWO]);
    expect([untrusted.code, untrusted.stdout]).to.deep.equal([2, '']);
    expect(untrusted.stderr).to.match(/certificate/i);
  });

  it('tells of itself', async () => {
    const version = await command(['--version']);
    expect(version).to.deep.equal({ code: 0, signal: null, stdout: `${ownVersion()}\n`, stderr: '' });
  });
});
