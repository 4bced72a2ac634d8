import { type Actor, madeUp, secretsOf } from './actor.js';
import type { AuditReport, CheckResult, Evidence, Fault, Finding, Outcome } from './finding.js';
import { severities } from './finding.js';
import type { HeaderLines } from './headers.js';
import { redactor } from './redact.js';
import { survey } from './survey.js';
import { type Target, targetAt } from './target.js';
import type { Check, Consent, Trial } from './trial.js';
import { NoAnswer } from './wire/exchange.js';

/** What is audited, as whom, and with which checks. */
export interface AuditPlan extends Consent {
  readonly url: URL;
  /** Go along with every request, also those without a credential. */
  readonly headers: HeaderLines;
  readonly first: HeaderLines | undefined;
  /** Of another person than the first. */
  readonly second: HeaderLines | undefined;
  readonly timeoutMs: number;
  readonly checks: readonly Check[];
  readonly onProgress?: (check: Check) => void;
  /** Stops the audit before its next request. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Attacks an endpoint and reports what it found. Sessions that it began it ends, whatever happens.
 *
 * @throws AuditError where a credential is refused, where there is no MCP endpoint, or where it is interrupted
 * @throws NoAnswer where nothing answers
 */
export async function audit(plan: AuditPlan): Promise<AuditReport> {
  const target = targetAt(plan.url, plan.headers, plan.timeoutMs, plan.signal);
  try {
    return await auditOf(plan, target);
  } finally {
    await target.endSessions();
  }
}

async function auditOf(plan: AuditPlan, target: Target): Promise<AuditReport> {
  const startedAt = new Date().toISOString();
  const { url, headers, checks, onProgress } = plan;
  const nobody: Actor = { name: 'no credential', headers: [] };
  const first = plan.first && { name: 'the first credential', headers: plan.first };
  const second = plan.second && { name: 'the second credential', headers: plan.second };
  const actors = [first, second].filter((actor) => actor !== undefined);
  const known = [headers, ...actors.map((actor) => actor.headers)].flatMap(secretsOf);
  const common = {
    ...(await survey(target, nobody, actors)),
    ...{ target, nobody, first, second },
    ...{ guesses: plan.guesses, tokenInQuery: plan.tokenInQuery, legacySse: plan.legacySse },
    wrongToken: madeUp(),
    show: redactor(() => [...known, ...target.sessionIds]),
  };
  const findings: Finding[] = [];
  const results: CheckResult[] = [];
  for (const check of checks) {
    onProgress?.(check);
    results.push(await conduct(check, common, findings));
    await target.endSessions();
  }
  return {
    url: url.origin + url.pathname,
    startedAt,
    serves: common.eras,
    checks: results,
    findings: findings.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity)),
    requests: target.requests,
    sessionsLeft: target.sessionsLeft,
  };
}

/** Runs one check, adds what it finds, and sums it up. */
async function conduct(
  check: Check,
  common: Omit<Trial, 'find' | 'leave' | 'hold'>,
  findings: Finding[],
): Promise<CheckResult> {
  const { id, title } = check;
  const notes: string[] = [];
  let outcome = 'not applicable' as Outcome;
  const trial: Trial = {
    ...common,
    find(fault: Fault, ...evidence: readonly Evidence[]) {
      const at = findings.findIndex((finding) => finding.id === fault.id);
      const before = findings[at]?.evidence ?? [];
      findings.splice(at === -1 ? findings.length : at, 1, {
        ...fault,
        check: id,
        evidence: [...before, ...evidence],
      });
      outcome = 'found';
    },
    leave: (why) => void notes.push(why),
    hold() {
      if (outcome === 'not applicable') outcome = 'passed';
    },
  };
  try {
    await check.run(trial);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    notes.push(`stopped: ${error.message}`);
    return { id, title, outcome: outcome === 'found' ? outcome : 'incomplete', notes };
  }
  return { id, title, outcome, notes };
}
