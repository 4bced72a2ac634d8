import { expect } from 'chai';

import type { AuditPlan } from '../../lib/audit/audit.js';
import { AuditError } from '../../lib/audit/audit-error.js';
import type { AuditReport, Fault, Severity } from '../../lib/audit/finding.js';
import { begin, type Check, type Trial } from '../../lib/audit/trial.js';
import { NoAnswer } from '../../lib/audit/wire/exchange.js';
import { basic } from '../support/call.js';
import { faulty } from './support/faulty.js';
import { ADA, auditOf, BOB } from './support/run.js';

const faultOf = (severity: Severity): Fault => ({
  ...{ id: severity, title: severity, severity, reason: '', standards: [], fix: '' },
});
const EVIDENCE = { sent: 'one', seen: 'another' };

const check = (run: (trial: Trial) => unknown, id = 'own'): Check => ({
  ...{ id, title: `The check ${id}`, faults: [] },
  run: async (trial) => void (await run(trial)),
});

/** What comes of an audit of a right server with these checks. */
async function reported(checks: readonly Check[], changes: Partial<AuditPlan> = {}): Promise<AuditReport> {
  await using server = await faulty();
  return await auditOf(server.url, { checks, ...changes });
}

describe('an audit', () => {
  it('tells what it found, the worst first', async () => {
    const order: readonly Severity[] = ['low', 'high', 'advice', 'medium'];
    const { findings } = await reported([
      check(({ find }) => {
        for (const severity of order) find(faultOf(severity), EVIDENCE);
      }),
    ]);
    expect(findings.map(({ id }) => id)).to.deep.equal(['high', 'medium', 'low', 'advice']);
  });

  it('tells one fault once, with all that proves it, and who found it', async () => {
    const { findings } = await reported([
      check(({ find }) => find(faultOf('low')), 'other'),
      check(({ find }) => {
        find(faultOf('high'), EVIDENCE);
        find(faultOf('high'), EVIDENCE, EVIDENCE);
      }),
    ]);
    expect(findings).to.deep.equal([
      { ...faultOf('high'), check: 'own', evidence: [EVIDENCE, EVIDENCE, EVIDENCE] },
      { ...faultOf('low'), check: 'other', evidence: [] },
    ]);
  });

  it('sums each check up, and says before each what comes', async () => {
    const announced: string[] = [];
    const { checks } = await reported(
      [
        check(({ leave }) => leave('no reason'), 'left'),
        check(({ hold }) => hold(), 'held'),
        check(({ find, hold }) => {
          find(faultOf('low'), EVIDENCE);
          hold();
        }, 'found'),
        check(({ hold }) => {
          hold();
          throw new NoAnswer('it hangs');
        }, 'stopped'),
        check(({ find }) => {
          find(faultOf('low'), EVIDENCE);
          throw new NoAnswer('it hangs');
        }, 'stopped late'),
      ],
      { onProgress: ({ id }) => announced.push(id) },
    );
    const told = checks.map(({ id, title, outcome, notes }) => [id, title, outcome, ...notes]);
    expect(told).to.deep.equal([
      ['left', 'The check left', 'not applicable', 'no reason'],
      ['held', 'The check held', 'passed'],
      ['found', 'The check found', 'found'],
      ['stopped', 'The check stopped', 'incomplete', 'stopped: it hangs'],
      ['stopped late', 'The check stopped late', 'found', 'stopped: it hangs'],
    ]);
    expect(announced).to.deep.equal(checks.map(({ id }) => id));
  });

  it('hides no mistake of a check, and leaves no session then', async () => {
    await using server = await faulty();
    const mistake = new TypeError('a mistake');
    let began = 0;
    const checks = [
      check(async (trial) => {
        await begin(trial, trial.first ?? trial.nobody);
        began = server.sessions;
        throw mistake;
      }),
    ];
    expect(await auditOf(server.url, { checks }).catch((error: unknown) => error)).to.equal(mistake);
    expect([began, server.sessions]).to.deep.equal([1, 0]);
  });

  it('leaves no session to the next check', async () => {
    await using server = await faulty();
    const counts: number[] = [];
    const beginning = check(async (trial) => {
      counts.push(server.sessions);
      await begin(trial, trial.first ?? trial.nobody);
    });
    const { sessionsLeft } = await auditOf(server.url, { checks: [beginning, beginning] });
    expect([...counts, server.sessions, sessionsLeft]).to.deep.equal([0, 0, 0, 0]);
  });

  it('has names for those who call', async () => {
    const names: (string | undefined)[] = [];
    await reported([
      check(({ nobody, first, second }) => {
        names.push(...[nobody, first, second].map((actor) => actor?.name));
      }),
    ]);
    expect(names).to.deep.equal(['no credential', 'the first credential', 'the second credential']);
  });

  it('shows no credential, no fixed header and no session id', async () => {
    const shown: string[] = [];
    await reported(
      [
        check(async (trial) => {
          const session = await begin(trial, trial.first ?? trial.nobody);
          const secrets = [...ADA, ...BOB].map(([, value]) => value);
          for (const text of [...secrets, 'right', 'key-of-all', session?.id ?? 'none'])
            shown.push(trial.show(text));
        }),
      ],
      { headers: [['X-Gateway', 'key-of-all']] },
    );
    expect(shown).to.deep.equal(Array.from({ length: 5 }, () => '[secret]'));
  });

  it('tells where it was, without the query, and when', async () => {
    await using server = await faulty();
    const url = new URL('?key=swordfish#part', server.url);
    const before = Date.now();
    const report = await auditOf(url, { checks: [] });
    expect(report.url).to.equal(server.url.href);
    expect(Date.parse(report.startedAt)).to.be.within(before, Date.now());
    expect(report.serves).to.deep.equal(['2025-11-25', '2026-07-28']);
    expect(report.requests).to.be.above(5);
  });

  it('fails where a credential is refused, and names it', async () => {
    await using server = await faulty();
    const second = [['Authorization', basic('bob', 'wrong')]] as const;
    const error = await auditOf(server.url, { second }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AuditError).and.to.include({ name: 'AuditError' });
    expect(String(error)).to.equal(
      'AuditError: the second credential is not served: it is answered 401 and 401',
    );
    expect(server.sessions).to.equal(0);
  });
});
