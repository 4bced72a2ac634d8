import { type AuditPlan, audit } from '../audit.js';
import { AuditError } from '../audit-error.js';
import { allChecks } from '../checks/index.js';
import { type AuditReport, isAtLeast, type Severity } from '../finding.js';
import { inColour, plain, textOf } from '../report/text.js';
import { ownVersion } from '../version.js';
import { NoAnswer } from '../wire/exchange.js';
import { help } from './help.js';
import { type Typed, typed } from './options.js';
import { type Environment, planFrom } from './plan.js';
import { UsageError } from './usage-error.js';

/** Where a command writes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Surroundings {
  readonly env: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Interrupts what is going on. */
  readonly signal?: AbortSignal;
}

const CLEAN = 0;
const FOUND = 1;
const FAILED = 2;
const THRESHOLDS: readonly string[] = ['high', 'medium', 'low'];

/** Runs a command line. Resolves to the exit code: 0 clean, 1 findings, 2 usage error or nothing that could be audited. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings;
  try {
    const { values, words } = typed(args);
    const told = tell(values);
    if (told !== undefined) {
      stdout.write(told);
      return CLEAN;
    }
    const [command, ...rest] = words;
    if (command !== 'audit') throw new UsageError('the only command is audit');
    return await conduct(values, planFrom(values, rest, surroundings.env), surroundings);
  } catch (error) {
    const isKnown = error instanceof UsageError || error instanceof AuditError || error instanceof NoAnswer;
    if (!isKnown) throw error;
    const more = error instanceof UsageError ? '\nTry --help.' : '';
    stderr.write(`express-mcp-guards: ${error.message}${more}\n`);
    return FAILED;
  }
}

function tell({ help: isHelp, version, list }: Typed): string | undefined {
  if (isHelp) return help;
  if (version) return `${ownVersion()}\n`;
  if (list) return allChecks.map(({ id, title }) => `${id.padEnd(28)}${title}\n`).join('');
  return undefined;
}

async function conduct(
  values: Typed,
  plan: AuditPlan,
  { env, stdout, stderr, signal }: Surroundings,
): Promise<number> {
  const threshold = values['fail-on'] ?? 'low';
  if (!THRESHOLDS.includes(threshold)) throw new UsageError('--fail-on must be high, medium or low');
  const onProgress = (title: string): unknown => stderr.isTTY && stderr.write(`\r\u001b[K${title}`);
  const auditing = audit({ ...plan, signal, onProgress: ({ title }) => onProgress(`… ${title}`) });
  const report = await auditing.finally(() => onProgress(''));
  const paint = stdout.isTTY && !env.NO_COLOR ? inColour : plain;
  stdout.write(
    values.json
      ? `${JSON.stringify({ version: ownVersion(), ...report }, null, 2)}\n`
      : textOf(report, paint),
  );
  return exitCode(report, threshold as Severity);
}

/** A check that got no answer has not passed. */
function exitCode({ findings, checks }: AuditReport, threshold: Severity): number {
  if (findings.some(({ severity }) => isAtLeast(severity, threshold))) return FOUND;
  return checks.some(({ outcome }) => outcome === 'incomplete') ? FAILED : CLEAN;
}
