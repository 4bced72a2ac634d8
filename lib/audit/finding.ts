/** From what must be mended at once to what is worth a thought: `advice` never fails an audit. */
export type Severity = 'high' | 'medium' | 'low' | 'advice';

/** The severities, the worst first. */
export const severities: readonly Severity[] = ['high', 'medium', 'low', 'advice'];

/** Whether `severity` is `threshold` or worse. */
export function isAtLeast(severity: Severity, threshold: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(threshold);
}

/** A fault that a check can find: what it is, why it matters, who says so, and what to do. */
export interface Fault {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly reason: string;
  /** RFC, MCP revision or OWASP ASVS 5.0, each with its section. */
  readonly standards: readonly string[];
  readonly fix: string;
}

/** One request in words and what came back: what proves a finding. No credential, no session id. */
export interface Evidence {
  readonly sent: string;
  readonly seen: string;
}

export interface Finding extends Fault {
  /** The id of the check that found it. */
  readonly check: string;
  readonly evidence: readonly Evidence[];
}

/**
 * `passed`: every fault of the check was looked for as far as `notes` do not say otherwise, and none was there.
 * `not applicable`: nothing of it could be looked for; `notes` say why. `incomplete`: no answer came to one of its requests.
 */
export type Outcome = 'passed' | 'found' | 'not applicable' | 'incomplete';

export interface CheckResult {
  readonly id: string;
  readonly title: string;
  readonly outcome: Outcome;
  /** What was not looked for, and why. */
  readonly notes: readonly string[];
}

/** The revisions that an endpoint serves: `2025-11-25` with `initialize`, `2026-07-28` without. */
export type Era = '2025-11-25' | '2026-07-28';

export interface AuditReport {
  /** What was audited, without its query. */
  readonly url: string;
  /** When it began: ISO 8601, UTC. */
  readonly startedAt: string;
  /** The revisions that were served to the first credential, or without one. */
  readonly serves: readonly Era[];
  readonly checks: readonly CheckResult[];
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** How many HTTP requests were sent. */
  readonly requests: number;
  /** How many sessions that the audit began it could not end. */
  readonly sessionsLeft: number;
}
