import { AssertionError } from 'node:assert';

import { audit } from '../audit/audit.js';
import { allChecks } from '../audit/checks/index.js';
import { type AuditReport, type Finding, isAtLeast } from '../audit/finding.js';
import { type AssertGuardedOptions, checkGuardedOptions, linesOf } from './guarded-options.js';
import { type Guarded, listening } from './listening.js';

/** What `assertGuarded` throws: an `AssertionError` whose message lists what was found. */
export class NotGuardedError extends AssertionError {
  readonly report: AuditReport;

  constructor(report: AuditReport, failing: readonly Finding[]) {
    const unanswered = report.checks.filter(({ outcome }) => outcome === 'incomplete');
    const lines = [
      ...failing.map(lineOf),
      ...unanswered.map(({ id, notes }) => `  ${id}: ${notes.join('; ')}`),
    ];
    super({
      message: `the endpoint is not guarded:\n${lines.join('\n')}`,
      actual: [...failing.map(({ id }) => id), ...unanswered.map(({ id }) => `${id} incomplete`)],
      expected: [],
      operator: 'assertGuarded',
      stackStartFn: assertGuarded,
    });
    this.report = report;
  }
}

function lineOf({ id, severity, title, evidence, fix }: Finding): string {
  const proof = evidence.map(({ sent, seen }) => `\n    ${sent}: ${seen}`).join('');
  return `  ${severity}: ${title} (${id})${proof}\n    fix: ${fix}`;
}

/**
 * Attacks an MCP endpoint as `express-mcp-guards audit` does, for a test of your own. An app is served on a free port of
 * 127.0.0.1 and closed again, and so is a server that does not listen yet; the sessions that were begun are ended.
 * Resolves to the report.
 *
 * Rejects with `NotGuardedError` where something is found, or a check got no answer; with `TypeError` for bad arguments;
 * with another `Error` where a credential is refused or no MCP endpoint answers.
 *
 * @example
 * await assertGuarded(app, {
 *   credentials: { username: 'ada', password: 'engine' },
 *   otherCredentials: { username: 'bob', password: 'difference' },
 * });
 */
export async function assertGuarded(
  guarded: Guarded,
  options: AssertGuardedOptions = {},
): Promise<AuditReport> {
  checkGuardedOptions(options);
  const { path, credentials, otherCredentials, headers = {}, legacySsePath, guesses } = options;
  const { only, skip = [], failOn = 'low', tokenInQuery = false, timeoutMs = 5000 } = options;
  const { base, close } = await listening(guarded);
  const ownPath = base.pathname === '/' ? '/mcp' : base.pathname;
  try {
    const report = await audit({
      url: new URL(path ?? ownPath, base),
      headers: Object.entries(headers),
      first: credentials && linesOf(credentials),
      second: otherCredentials && linesOf(otherCredentials),
      timeoutMs,
      checks: allChecks.filter(({ id }) => (only?.includes(id) ?? true) && !skip.includes(id)),
      guesses: guesses === undefined ? undefined : { count: guesses, account: undefined },
      tokenInQuery,
      legacySse: legacySsePath === undefined ? undefined : new URL(legacySsePath, base),
    });
    const failing = report.findings.filter(({ severity }) => isAtLeast(severity, failOn));
    const isWhole = report.checks.every(({ outcome }) => outcome !== 'incomplete');
    if (failing.length > 0 || !isWhole) throw new NotGuardedError(report, failing);
    return report;
  } finally {
    await close();
  }
}
