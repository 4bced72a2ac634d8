import { expect } from 'chai';

import type { AuditReport, CheckResult, Finding, Severity } from '../../../lib/audit/finding.js';
import { inColour, type Paint, plain, textOf } from '../../../lib/audit/report/text.js';

const findingOf = (severity: Severity, changes: Partial<Finding> = {}): Finding => ({
  ...{ id: `a-${severity}`, check: 'own', title: `A ${severity} fault`, severity },
  ...{ evidence: [{ sent: 'ping', seen: '200' }], reason: 'It is one.', standards: ['RFC 1', 'RFC 2'] },
  fix: 'Mend it.',
  ...changes,
});

const reportOf = (changes: Partial<AuditReport> = {}): AuditReport => ({
  ...{ url: 'http://localhost/mcp', startedAt: '2026-01-01T00:00:00.000Z', serves: ['2025-11-25'] },
  ...{ checks: [], findings: [], requests: 7, sessionsLeft: 0, ...changes },
});

const checkOf = (outcome: CheckResult['outcome'], ...notes: string[]): CheckResult => ({
  ...{ id: outcome.replace(' ', '-'), title: `It is ${outcome}`, outcome, notes },
});

const linesOf = (changes: Partial<AuditReport>, paint: Paint = plain): string[] =>
  textOf(reportOf(changes), paint).split('\n');

describe('the report of an audit as text', () => {
  it('is short where there is nothing to tell', () => {
    expect(textOf(reportOf(), plain)).to.equal(
      [
        'Audit of http://localhost/mcp',
        'It serves 2025-11-25. 7 requests, 2026-01-01T00:00:00.000Z.',
        ...['', '', 'no finding; 0 checks passed, 0 could not be made', ''],
      ].join('\n'),
    );
  });

  it('tells what is served, or that nothing is', () => {
    expect(linesOf({ serves: ['2025-11-25', '2026-07-28'] })[1]).to.match(
      /^It serves 2025-11-25 and 2026-07-28\. /,
    );
    expect(linesOf({ serves: [] })[1]).to.match(/^It serves nothing to these callers\. /);
  });

  it('tells of each finding what proves it, why it is one, who says so, and what to do', () => {
    expect(linesOf({ findings: [findingOf('low'), findingOf('advice')] }).slice(3, 11)).to.deep.equal([
      'LOW     A low fault (a-low)',
      '   sent    ping',
      '   seen    200',
      '   why     It is one.',
      '   by      RFC 1',
      '   by      RFC 2',
      '   fix     Mend it.',
      '',
    ]);
    expect(linesOf({ findings: [findingOf('low'), findingOf('advice')] })[11]).to.equal(
      'ADVICE  A advice fault (a-advice)',
    );
  });

  it('shows three proofs, and counts the others', () => {
    const proofs = (count: number): string[] => {
      const evidence = Array.from({ length: count }, (_, i) => ({ sent: `s${i}`, seen: `r${i}` }));
      return linesOf({ findings: [findingOf('low', { evidence })] }).slice(4, -8);
    };
    const shown = [0, 1, 2].flatMap((i) => [`   sent    s${i}`, `   seen    r${i}`]);
    expect(proofs(3)).to.deep.equal(shown);
    expect(proofs(5)).to.deep.equal([...shown, '           and 2 more']);
  });

  it('breaks lines between words, at 100 characters', () => {
    const words = (count: number): string => Array.from({ length: count }, () => 'nine--ten').join(' ');
    const lines = linesOf({ findings: [findingOf('low', { reason: words(12) })] });
    const from = lines.findIndex((line) => line.startsWith('   why'));
    expect(lines.slice(from, from + 2)).to.deep.equal([`   why     ${words(9)}`, `           ${words(3)}`]);
    const wide = 'x'.repeat(120);
    const [first, second, third] = linesOf({ checks: [checkOf('not applicable', `a ${wide} b`)] }).slice(4);
    expect([first, second, third]).to.deep.equal(['  a', `  ${wide}`, '  b']);
    expect(linesOf({ checks: [checkOf('passed', wide)] })[4]).to.equal(`  ${wide}`);
    const exact = `${'x'.repeat(97)} y`;
    expect(linesOf({ checks: [checkOf('passed', exact)] }).slice(4, 6)).to.deep.equal([
      `  ${'x'.repeat(97)}`,
      '  y',
    ]);
    const fits = `${'x'.repeat(96)} y`;
    expect(linesOf({ checks: [checkOf('passed', fits)] })[4]).to.equal(`  ${fits}`);
  });

  it('tells what every check came to, and sums up', () => {
    const checks = [
      checkOf('passed'),
      checkOf('found'),
      checkOf('not applicable', 'no reason'),
      checkOf('incomplete'),
    ];
    const findings = [findingOf('high'), findingOf('low'), findingOf('low')];
    expect(linesOf({ checks, findings }).slice(-8)).to.deep.equal([
      'passed         It is passed (passed)',
      'found          It is found (found)',
      'not applicable It is not applicable (not-applicable)',
      '  no reason',
      'incomplete     It is incomplete (incomplete)',
      '',
      '3 findings (1 high, 2 low); 1 checks passed, 2 could not be made',
      '',
    ]);
    expect(linesOf({ findings: [findingOf('medium')] }).at(-2)).to.equal(
      '1 finding (1 medium); 0 checks passed, 0 could not be made',
    );
  });

  it('counts the sessions that are left', () => {
    expect(linesOf({ sessionsLeft: 2 }).slice(-3)[0]).to.equal('2 sessions could not be ended.');
  });

  it('has colours by how bad it is', () => {
    const styles: string[] = [];
    const paint: Paint = (text, style) => {
      styles.push(`${style} ${text}`);
      return text;
    };
    const severities = ['high', 'medium', 'low', 'advice'] as const;
    const findings = severities.map((severity) => findingOf(severity));
    const checks = [checkOf('passed'), checkOf('found'), checkOf('incomplete', 'no reason')];
    textOf(reportOf({ findings, checks }), paint);
    expect(styles).to.include.members([
      'bold Audit of http://localhost/mcp',
      ...['red HIGH   ', 'red MEDIUM ', 'yellow LOW    ', 'dim ADVICE '],
      ...['bold A high fault', 'dim (a-high)'],
      ...[
        'green passed        ',
        'red found         ',
        'dim incomplete    ',
        'dim (passed)',
        'dim   no reason',
      ],
      'bold 4 findings (1 high, 1 medium, 1 low, 1 advice); 1 checks passed, 1 could not be made',
    ]);
    const painted = (['bold', 'dim', 'red', 'yellow', 'green'] as const).map((style) => inColour('x', style));
    expect(painted).to.deep.equal([1, 2, 31, 33, 32].map((code) => `\u001b[${code}mx\u001b[0m`));
  });
});
