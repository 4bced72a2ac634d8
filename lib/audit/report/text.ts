import { type AuditReport, type Finding, type Outcome, type Severity, severities } from '../finding.js';

/** Adds colour to text, or leaves it as it is. */
export type Paint = (text: string, style: 'bold' | 'dim' | 'red' | 'yellow' | 'green') => string;

const CODES = { bold: 1, dim: 2, red: 31, yellow: 33, green: 32 } as const;

export const inColour: Paint = (text, style) => `\u001b[${CODES[style]}m${text}\u001b[0m`;
export const plain: Paint = (text) => text;

const WIDTH = 100;
const INDENT = ' '.repeat(11);
/** More of the same prove no more; JSON has them all. */
const SHOWN = 3;

const STYLES: Readonly<Record<Severity, Parameters<Paint>[1]>> = {
  high: 'red',
  medium: 'red',
  low: 'yellow',
  advice: 'dim',
};

/** The report for a terminal: each finding with its proof, what every check came to, and the sum. */
export function textOf(report: AuditReport, paint: Paint): string {
  const serves = report.serves.length > 0 ? report.serves.join(' and ') : 'nothing to these callers';
  const lines = [
    paint(`Audit of ${report.url}`, 'bold'),
    `It serves ${serves}. ${report.requests} requests, ${report.startedAt}.`,
    '',
    ...report.findings.flatMap((finding) => [...linesOf(finding, paint), '']),
    ...report.checks.flatMap(({ id, title, outcome, notes }) => [
      `${mark(outcome, paint)} ${title} ${paint(`(${id})`, 'dim')}`,
      ...notes.flatMap((note) => wrapped(note, '  ').map((line) => paint(line, 'dim'))),
    ]),
    '',
    ...(report.sessionsLeft > 0 ? [`${report.sessionsLeft} sessions could not be ended.`] : []),
    paint(sumOf(report), 'bold'),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf(
  { id, title, severity, evidence, reason, standards, fix }: Finding,
  paint: Paint,
): readonly string[] {
  const rest = evidence.length - SHOWN;
  return [
    `${paint(severity.toUpperCase().padEnd(7), STYLES[severity])} ${paint(title, 'bold')} ${paint(`(${id})`, 'dim')}`,
    ...evidence
      .slice(0, SHOWN)
      .flatMap(({ sent, seen }) => [...labelled('sent', sent), ...labelled('seen', seen)]),
    ...(rest > 0 ? labelled('', `and ${rest} more`) : []),
    ...labelled('why', reason),
    ...standards.flatMap((standard) => labelled('by', standard)),
    ...labelled('fix', fix),
  ];
}

function labelled(label: string, text: string): readonly string[] {
  const [first = '', ...more] = wrapped(text, INDENT);
  return [`   ${label.padEnd(8)}${first.slice(INDENT.length)}`, ...more];
}

/** Lines of whole words, each with `indent` before it. */
function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line !== indent && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}

function mark(outcome: Outcome, paint: Paint): string {
  if (outcome === 'passed') return paint('passed        ', 'green');
  if (outcome === 'found') return paint('found         ', 'red');
  return paint(outcome.padEnd(14), 'dim');
}

function sumOf({ findings, checks }: AuditReport): string {
  const counts = severities
    .map(
      (severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, severity]) => `${count} ${severity}`);
  const passed = checks.filter(({ outcome }) => outcome === 'passed').length;
  const not = checks.filter(({ outcome }) => outcome === 'not applicable' || outcome === 'incomplete').length;
  const number = findings.length === 1 ? '1 finding' : `${findings.length} findings`;
  const sum = findings.length === 0 ? 'no finding' : `${number} (${counts.join(', ')})`;
  return `${sum}; ${passed} checks passed, ${not} could not be made`;
}
