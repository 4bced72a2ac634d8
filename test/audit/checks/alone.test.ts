import { expect } from 'chai';

import type { AuditPlan } from '../../../lib/audit/audit.js';
import { allChecks } from '../../../lib/audit/checks/index.js';
import type { AuditReport } from '../../../lib/audit/finding.js';
import { FAULTS, type FaultName, provenBy, SHOWN_BY } from '../support/faults.js';
import { faulty } from '../support/faulty.js';
import { auditOf, GUESSES } from '../support/run.js';
import { OUTCOMES, PROVEN } from './told.js';

const findingsOf = ({ findings }: AuditReport): readonly string[] =>
  findings.flatMap(({ id, check, severity, evidence }) => [
    `${severity} ${id} (${check})`,
    ...evidence.map(({ sent, seen }) => `  ${sent}: ${seen}`),
  ]);

const outcomesOf = ({ checks }: AuditReport): readonly string[] =>
  checks.flatMap(({ id, outcome, notes }) => [`${id}: ${outcome}`, ...notes.map((note) => `  ${note}`)]);

describe('a check by itself', () => {
  for (const name of Object.keys(FAULTS) as FaultName[]) {
    it(`proves that a server ${name}`, async () => {
      await using server = await faulty(name);
      const proven = provenBy(name);
      const checks = allChecks.filter(({ faults }) => faults.some(({ id }) => proven.includes(id)));
      const plan = { guesses: GUESSES, legacySse: server.sse, checks, ...SHOWN_BY[name] };
      expect(findingsOf(await auditOf(server.url, plan))).to.deep.equal(PROVEN[name]);
    });
  }

  const PLANS: Readonly<Record<string, Partial<AuditPlan>>> = {
    'two people': { guesses: GUESSES },
    'one person': { second: undefined },
    'a token': { first: [['Authorization', 'Bearer token-of-ada']], tokenInQuery: true },
    nobody: { first: undefined, second: undefined, guesses: GUESSES },
  };
  for (const [who, plan] of Object.entries(PLANS)) {
    it(`tells what it could not look for on a right server, with ${who}`, async () => {
      await using server = await faulty();
      const report = await auditOf(server.url, { legacySse: server.sse, ...plan });
      expect(outcomesOf(report)).to.deep.equal(OUTCOMES[who]);
    });
  }
});
