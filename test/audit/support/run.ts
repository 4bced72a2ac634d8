import { type AuditPlan, audit } from '../../../lib/audit/audit.js';
import { allChecks } from '../../../lib/audit/checks/index.js';
import type { AuditReport } from '../../../lib/audit/finding.js';
import type { HeaderLines } from '../../../lib/audit/headers.js';
import { basic } from '../../support/call.js';

/** The credentials of two people, as the servers here know them. */
export const ADA: HeaderLines = [['Authorization', basic('ada', 'right')]];
export const BOB: HeaderLines = [['Authorization', basic('bob', 'right')]];

/** Audits with both credentials and every check that asks for nothing more, unless `changes` say otherwise. */
export function auditOf(url: URL, changes: Partial<AuditPlan> = {}): Promise<AuditReport> {
  return audit({
    url,
    headers: [],
    first: ADA,
    second: BOB,
    timeoutMs: 4000,
    checks: allChecks,
    guesses: undefined,
    tokenInQuery: false,
    legacySse: undefined,
    ...changes,
  });
}

export const GUESSES = { count: 20, account: undefined };

/** The ids of what was found, sorted. */
export const foundIn = ({ findings }: AuditReport): readonly string[] => findings.map(({ id }) => id).sort();
