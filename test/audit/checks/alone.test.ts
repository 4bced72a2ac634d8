import { expect } from 'chai';
import { type Actor, basicIn } from '../../../lib/audit/actor.js';
import type { AuditPlan } from '../../../lib/audit/audit.js';
import { allChecks } from '../../../lib/audit/checks/index.js';
import type { AuditReport } from '../../../lib/audit/finding.js';
import type { Ask } from '../../../lib/audit/target.js';
import type { Check } from '../../../lib/audit/trial.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';
import { FAULTS, type FaultName, provenBy, SHOWN_BY } from '../support/faults.js';
import { faulty } from '../support/faulty.js';
import { auditOf, GUESSES } from '../support/run.js';
import { OUTCOMES, PROVEN, SENT } from './told.js';

const findingsOf = ({ findings }: AuditReport): readonly string[] =>
  findings.flatMap(({ id, check, severity, evidence }) => [
    `${severity} ${id} (${check})`,
    ...evidence.map(({ sent, seen }) => `  ${sent}: ${seen}`),
  ]);

const outcomesOf = ({ checks }: AuditReport): readonly string[] =>
  checks.flatMap(({ id, outcome, notes }) => [`${id}: ${outcome}`, ...notes.map((note) => `  ${note}`)]);

/** What a check sends to a right server, with what differs each time taken out. */
async function sentBy(check: Check, changes: Partial<AuditPlan> = {}): Promise<readonly string[]> {
  await using server = await faulty();
  const sent: string[] = [];
  const recording: Check = {
    ...check,
    async run(trial) {
      const { target } = trial;
      const known: string[] = [];
      const idOf = (session: string): string => {
        for (const id of target.sessionIds) if (!known.includes(id)) known.push(id);
        const at = known.indexOf(session);
        return at === -1
          ? `no session (${session.length > 36 ? 'long' : /^\w+$/.exec(session) || 'like one'})`
          : `session ${at}`;
      };
      const ask = (asked: Ask): Promise<Reply> => {
        const { as, method = 'POST', message, body, session, headers = [], url } = asked;
        sent.push(
          [
            ...[method, message?.method ?? (body === undefined ? '' : shorten(body)), `as ${nameOf(as)}`],
            ...(session === undefined ? [] : [`in ${idOf(session)}`]),
            ...headers.map(([name, value]) => `${name}: ${value}`),
            ...(url === undefined ? [] : [`at ${url.pathname}${url.search}`]),
          ]
            .filter((part) => part !== '')
            .join(', ')
            .replace(/audit-[0-9a-f]{32}/g, 'audit-*')
            .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>'),
        );
        return target.ask(asked);
      };
      await check.run({ ...trial, target: { ...target, ask, sessionIds: target.sessionIds } });
    },
  };
  const plan = { guesses: { count: 2, account: undefined }, legacySse: server.sse, ...changes };
  await auditOf(server.url, { checks: [recording], ...plan });
  return sent;
}

const shorten = (text: string): string =>
  text.length > 60 ? `${text.slice(0, 40)}… (${text.length})` : text;

/** Whose credential it is, or what is made up in its place. */
function nameOf({ name, headers }: Actor): string {
  if (/^(no|the \w+) credential/.test(name)) return name;
  const values = headers.map(([header, value]) => {
    const basic = basicIn([[header, value]]);
    return basic ? `Basic of ${basic.username}:${basic.password}` : value;
  });
  return `${name} (${values.join(' | ')})`;
}

describe('a check by itself', () => {
  for (const check of allChecks) {
    it(`sends what is known: ${check.id}`, async () => {
      expect(await sentBy(check)).to.deep.equal(SENT[check.id]);
    });
  }

  it('sends a token in a URL only where that was asked for', async () => {
    const first = [['Authorization', 'Bearer token-of-ada']] as const;
    const check = allChecks.find(({ id }) => id === 'query-token') as Check;
    const sent = await sentBy(check, { first, tokenInQuery: true });
    expect(sent).to.deep.equal(SENT['query-token, with consent']);
  });

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
    anybody: { guesses: GUESSES },
    nobody: { first: undefined, second: undefined, guesses: GUESSES },
  };
  for (const [who, plan] of Object.entries(PLANS)) {
    it(`tells what it could not look for on a right server, with ${who}`, async () => {
      await using server = await faulty(
        ...(who === 'anybody' ? (['serves initialize to anybody'] as const) : []),
      );
      const report = await auditOf(server.url, { legacySse: server.sse, ...plan });
      expect(outcomesOf(report)).to.deep.equal(OUTCOMES[who]);
    });
  }
});
