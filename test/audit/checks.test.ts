import { expect } from 'chai';

import { allChecks } from '../../lib/audit/checks/index.js';
import { FAULTS, type FaultName, provenBy, SHOWN_BY } from './support/faults.js';
import { faulty } from './support/faulty.js';
import { auditOf, foundIn, GUESSES } from './support/run.js';

const names = Object.keys(FAULTS) as FaultName[];

/** What cannot be shown over plain HTTP on the loopback address, or has a test of its own. */
const ELSEWHERE = ['plain-http', 'no-hsts', 'odd-session-id-crash'];

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
      const more = { guesses: GUESSES, legacySse: server.sse, ...SHOWN_BY[name] };
      expect(foundIn(await auditOf(server.url, more))).to.deep.equal(provenBy(name));
    });
  }

  it('have a faulty server for every fault that they can find', () => {
    const all = allChecks.flatMap(({ faults }) => faults.map(({ id }) => id));
    expect(new Set(all).size).to.equal(all.length);
    expect([...Object.values(FAULTS), ...ELSEWHERE]).to.include.members(all);
  });
});
