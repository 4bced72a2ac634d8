import { createServer as everything } from '@modelcontextprotocol/server-everything/dist/server/index.js';
import { expect } from 'chai';

import type { AuditPlan } from '../../lib/audit/audit.js';
import { mcpForwardedCredentials, mcpServiceAccount } from '../../lib/index.js';
import { bare, fresh } from '../bench/server/bare.js';
import { serveApp } from '../support/serve.js';
import { bareSse } from './support/bare-sse.js';
import { ours } from './support/ours.js';
import { auditOf, foundIn, GUESSES } from './support/run.js';

const SETTING = { answers: 'sse', tools: 1 } as never;

describe('an audit of the wiring of the SDK’s examples', () => {
  /** What is true of it: it asks nobody who they are, and Express answers errors in its own words. */
  const TRUE_OF_BARE = [
    'foreign-host-served',
    'foreign-origin-served',
    'hijack-delete',
    'hijack-notification',
    'hijack-request',
    'hijack-stream',
    'leak-error-page',
    'leak-file-path',
    'leak-product',
    'leak-stack-trace',
    'session-without-credential',
    'stale-session-id',
    'unauthenticated-delete',
    'unauthenticated-opening',
    'unauthenticated-stream',
    'unauthenticated-tools',
    'unusable-credential-served',
    'wrong-credential-served',
  ];

  it('finds eighteen faults in a Map of transports', async () => {
    await using served = await serveApp((app) => app.use(bare(SETTING)));
    const report = await auditOf(served.url, { guesses: GUESSES });
    expect(foundIn(report)).to.deep.equal(TRUE_OF_BARE);
    for (const { id, evidence, reason, standards, fix } of report.findings) {
      expect(evidence, id).to.not.be.empty;
      expect(
        [reason, fix, ...standards].every((text) => text.length > 3),
        id,
      ).to.equal(true);
    }
  });

  it('finds what can be found without a credential', async () => {
    await using served = await serveApp((app) => app.use(bare(SETTING)));
    const report = await auditOf(served.url, { first: undefined, second: undefined });
    expect(foundIn(report)).to.include.members([
      'unauthenticated-tools',
      'foreign-origin-served',
      'leak-product',
    ]);
    const hijack = report.checks.find(({ id }) => id === 'session-hijack');
    expect(hijack).to.deep.include({ outcome: 'not applicable', notes: ['no second credential was given'] });
  });

  it('says of an endpoint without sessions that their checks do not apply', async () => {
    await using served = await serveApp((app) => app.use(fresh(SETTING)));
    const report = await auditOf(served.url);
    const about = report.checks.filter(({ id }) => id.startsWith('session-') || id === 'odd-session-ids');
    expect(about.map(({ outcome }) => outcome)).to.deep.equal(about.map(() => 'not applicable'));
    expect(foundIn(report)).to.include('unauthenticated-tools');
  });

  it('finds the open HTTP+SSE endpoint beside it', async () => {
    await using served = await serveApp((app) => app.use(bare(SETTING), bareSse()));
    const report = await auditOf(served.url, { legacySse: new URL('/sse', served.url) });
    expect(foundIn(report)).to.include.members(['sse-unauthenticated', 'sse-hijack']);
  });
});

describe('an audit of an app behind the guards', function () {
  this.timeout(20_000);

  const PLANS: readonly (readonly [string, Partial<AuditPlan>])[] = [
    ['with two people', {}],
    ['with guessing', { guesses: GUESSES }],
    ['with guessing at one of them', { guesses: { count: 10, account: 'bob' } }],
    [
      'with tokens',
      { first: [['Authorization', 'Bearer token-of-ada']], tokenInQuery: true, guesses: GUESSES },
    ],
    ['with one person', { second: undefined }],
    ['without a credential', { first: undefined, second: undefined, guesses: GUESSES }],
  ];

  for (const generation of ['v1', 'v2'] as const) {
    for (const [how, plan] of PLANS) {
      it(`finds nothing, ${how} (${generation} of the SDK)`, async () => {
        await using app = await ours({ generation });
        const report = await auditOf(app.url, { legacySse: app.sse, ...plan });
        expect(report.findings).to.deep.equal([]);
        expect(report.checks.filter(({ outcome }) => outcome === 'incomplete')).to.deep.equal([]);
        expect([report.sessionsLeft, await app.sessions()]).to.deep.equal([0, 0]);
      });
    }
  }

  it('passes every check that applies, the replay of events and both eras among them', async () => {
    const outcomes = new Map<string, string[]>();
    for (const generation of ['v1', 'v2'] as const) {
      await using app = await ours({ generation });
      const report = await auditOf(app.url, { legacySse: app.sse, guesses: GUESSES });
      for (const { id, outcome } of report.checks) outcomes.set(id, [...(outcomes.get(id) ?? []), outcome]);
    }
    const never = [...outcomes].filter(([, list]) => !list.includes('passed')).map(([id]) => id);
    expect(never).to.deep.equal(['transport-security', 'resource-metadata']);
  });

  it('finds nothing behind a shared token', async () => {
    await using app = await ours({ token: 'the shared secret' });
    const headers = [['X-MCP-Token', 'the shared secret']] as const;
    const report = await auditOf(app.url, { headers, legacySse: app.sse, guesses: GUESSES });
    expect(report.findings).to.deep.equal([]);
    expect(await app.sessions()).to.equal(0);
  });

  it('finds a service account where it was mounted, and nothing else that falls back to it', async () => {
    await using app = await ours({ last: mcpServiceAccount({ principal: { subject: 'service' } }) });
    expect(foundIn(await auditOf(app.url, { guesses: GUESSES }))).to.deep.equal([
      'unauthenticated-opening',
      'unauthenticated-stream',
      'unauthenticated-tools',
    ]);
    expect(await app.sessions()).to.equal(0);
  });

  it('finds that keys which nobody identifies are all served, and where they are identified, nothing', async () => {
    const first = [['X-Api-Key', 'key-of-ada-0123456789']] as const;
    const second = [['X-Api-Key', 'key-of-bob-0123456789']] as const;
    const unidentified = mcpForwardedCredentials({ headers: ['X-Api-Key'], required: ['X-Api-Key'] });
    const identified = mcpForwardedCredentials({
      ...{ headers: ['X-Api-Key'], required: ['X-Api-Key'] },
      identify: ({ 'x-api-key': key = '' }) =>
        /^key-of-(ada|bob)-0123456789$/.test(key) ? { subject: key.slice(7, 10) } : null,
    });
    await using open = await ours({ last: unidentified });
    expect(foundIn(await auditOf(open.url, { first, second }))).to.deep.equal(['wrong-credential-served']);
    await using closed = await ours({ last: identified });
    expect(foundIn(await auditOf(closed.url, { first, second, guesses: GUESSES }))).to.deep.equal([]);
  });

  it('finds nothing in the reference server of the protocol', async () => {
    const cleanups: (() => void)[] = [];
    await using app = await ours({
      createServer() {
        const { server, cleanup } = everything();
        cleanups.push(cleanup);
        return server;
      },
    });
    const report = await auditOf(app.url, { legacySse: app.sse, guesses: GUESSES });
    expect(report.findings).to.deep.equal([]);
    expect([report.sessionsLeft, await app.sessions()]).to.deep.equal([0, 0]);
    expect(cleanups).to.not.be.empty;
    for (const cleanup of cleanups) cleanup();
  });
});

describe('an audit of a server that takes a key in Authorization, without a scheme', () => {
  it('takes no key for a wrong one of it', async () => {
    await using served = await serveApp((app) => {
      app.use((request, response, next) => {
        if (request.headers.authorization === 'key-of-ada-0123456789') next();
        else response.status(401).set('WWW-Authenticate', 'Key').end();
      }, bare(SETTING));
    });
    const plan = { first: [['Authorization', 'key-of-ada-0123456789']], second: undefined } as const;
    const report = await auditOf(served.url, { ...plan, guesses: GUESSES });
    expect(foundIn(report)).to.include('foreign-origin-served').and.to.not.include('wrong-credential-served');
    expect(report.checks.find(({ id }) => id === 'wrong-credentials')?.outcome).to.equal('passed');
  });
});
