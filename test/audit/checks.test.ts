import { expect } from 'chai';

import type { AuditPlan } from '../../lib/audit/audit.js';
import { allChecks } from '../../lib/audit/checks/index.js';
import { FAULTS, type FaultName } from './support/faults.js';
import { faulty } from './support/faulty.js';
import { auditOf, foundIn, GUESSES } from './support/run.js';

const names = Object.keys(FAULTS) as FaultName[];

/** What cannot be shown over plain HTTP on the loopback address, or has a test of its own. */
const ELSEWHERE = ['plain-http', 'no-hsts', 'odd-session-id-crash'];

/** What else must be asked for, so that a fault can show. */
const PLANS: Partial<Record<FaultName, Partial<AuditPlan>>> = {
  'limits no tokens': { first: [['Authorization', 'Bearer token-of-ada']] },
};

/** What is true as well on a server with this fault. */
const COMPANIONS: Partial<Record<FaultName, readonly string[]>> = {
  'deletes for anybody': ['hijack-delete'],
  'takes a session id for a credential': [
    ...['hijack-delete', 'hijack-notification', 'hijack-request', 'hijack-stream'],
    'replay-to-others',
  ],
  'streams a foreign session': ['replay-to-others'],
  'gives Bearer no parameter': ['challenge-without-invalid-token'],
  'breaks on a wrong credential': ['refusal-status'],
};

describe('the checks of an audit', function () {
  this.timeout(20_000);

  it('find nothing on a server that is right, and pass where they apply', async () => {
    await using server = await faulty();
    const report = await auditOf(server.url, { guesses: GUESSES, legacySse: server.sse });
    expect(foundIn(report)).to.deep.equal([]);
    const others = report.checks.filter(({ outcome }) => outcome !== 'passed');
    expect(others.map(({ id, outcome }) => [id, outcome])).to.deep.equal([
      ['transport-security', 'not applicable'],
    ]);
    expect(report.serves).to.deep.equal(['2025-11-25', '2026-07-28']);
    expect([report.sessionsLeft, server.sessions]).to.deep.equal([0, 0]);
  });

  for (const name of names) {
    it(`find out a server that ${name}`, async () => {
      await using server = await faulty(name);
      const more = { guesses: GUESSES, legacySse: server.sse, ...PLANS[name] };
      const expected = [FAULTS[name], ...(COMPANIONS[name] ?? [])].sort();
      expect(foundIn(await auditOf(server.url, more))).to.deep.equal(expected);
    });
  }

  it('have a faulty server for every fault that they can find', () => {
    const all = allChecks.flatMap(({ faults }) => faults.map(({ id }) => id));
    expect(new Set(all).size).to.equal(all.length);
    expect([...Object.values(FAULTS), ...ELSEWHERE]).to.include.members(all);
  });
});
