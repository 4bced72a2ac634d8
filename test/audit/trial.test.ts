import { expect } from 'chai';

import type { Actor } from '../../lib/audit/actor.js';
import { type Fault, isAtLeast, type Severity, severities } from '../../lib/audit/finding.js';
import type { Ask } from '../../lib/audit/target.js';
import { begin, isAlive, judge, open, seen, sessionFor, type Trial } from '../../lib/audit/trial.js';
import type { Reply } from '../../lib/audit/wire/reply.js';

const ADA: Actor = { name: 'ada', headers: [] };
const FAULT: Fault = { id: 'x', title: 'X', severity: 'low', reason: '', standards: [], fix: '' };

const replyWith = (status: number, text = '', ...rawHeaders: string[]): Reply => ({
  ...{ status, text, rawHeaders, askedId: 'a' },
});
const result = ({ message }: Ask, ...rawHeaders: string[]): Reply => ({
  ...{ status: 200, rawHeaders, askedId: message?.id },
  text: JSON.stringify({ jsonrpc: '2.0', id: message?.id, result: {} }),
});

interface Scene {
  readonly trial: Trial;
  readonly asked: readonly string[];
  readonly told: readonly unknown[];
}

function scene(answer: (ask: Ask) => Reply, parts: Partial<Trial> = {}): Scene {
  const asked: string[] = [];
  const told: unknown[] = [];
  const target = {
    async ask(ask: Ask) {
      asked.push(`${ask.as.name}: ${ask.message?.method} ${ask.session ?? '-'}`);
      return answer(ask);
    },
  };
  const trial = {
    ...{ target, eras: [], served: ADA, hasSessions: true },
    leave: (why: string) => told.push(why),
    hold: () => told.push('held'),
    find: (...found: unknown[]) => told.push(found),
    ...parts,
  } as unknown as Trial;
  return { trial, asked, told };
}

describe('the trial of a check', () => {
  it('judges by the evidence that there is', () => {
    const { trial, told } = scene(result);
    const evidence = { sent: 'a', seen: 'b' };
    judge(trial, FAULT, []);
    judge(trial, FAULT, [evidence, evidence]);
    expect(told).to.deep.equal(['held', [FAULT, evidence, evidence]]);
  });

  it('begins a session, and says that it is initialized', async () => {
    const { trial, asked } = scene((ask) => result(ask, 'MCP-Session-Id', 'the-id'));
    expect(await begin(trial, ADA)).to.deep.equal({ id: 'the-id', owner: ADA });
    expect(asked).to.deep.equal(['ada: initialize -', 'ada: notifications/initialized the-id']);
  });

  it('has begun none without an id, nor where it is refused', async () => {
    for (const answer of [result, () => replyWith(400, '', 'Mcp-Session-Id', 'the-id')]) {
      const { trial, asked } = scene(answer);
      expect(await begin(trial, ADA)).to.equal(undefined);
      expect(asked).to.deep.equal(['ada: initialize -']);
    }
  });

  it('has a session for a check, or says why not', async () => {
    const withId = (ask: Ask): Reply => result(ask, 'Mcp-Session-Id', 'the-id');
    const good = scene(withId);
    expect(await sessionFor(good.trial)).to.deep.equal({ id: 'the-id', owner: ADA });
    expect(good.told).to.deep.equal([]);
    const cases: readonly (readonly [Partial<Trial>, string])[] = [
      [{ served: undefined }, 'no credential was given, and nothing is served without one'],
      [{ hasSessions: false }, 'the endpoint gives out no session ids'],
    ];
    for (const [parts, why] of cases) {
      const { trial, told, asked } = scene(withId, parts);
      expect(await sessionFor(trial)).to.equal(undefined);
      expect([told, asked]).to.deep.equal([[why], []]);
    }
    const { trial, told } = scene(result);
    expect(await sessionFor(trial)).to.equal(undefined);
    expect(told).to.deep.equal(['no further session could be begun']);
  });

  it('sees whether a session serves its owner', async () => {
    const session = { id: 'the-id', owner: ADA };
    const alive = scene(result);
    expect(await isAlive(alive.trial, session)).to.equal(true);
    expect(alive.asked).to.deep.equal(['ada: ping the-id']);
    expect(await isAlive(scene(() => replyWith(404)).trial, session)).to.equal(false);
  });

  it('opens as the first era does that is served', async () => {
    for (const [eras, method] of [
      [[], 'initialize'],
      [['2025-11-25', '2026-07-28'], 'initialize'],
      [['2026-07-28'], 'server/discover'],
    ] as const) {
      const { trial, asked } = scene(result, { eras });
      await open(trial, { as: ADA, session: 's' });
      expect(asked).to.deep.equal([`ada: ${method} s`]);
    }
  });

  it('says in a few words what came back', () => {
    expect(seen({ ...replyWith(200, '{"jsonrpc":"2.0","id":"a","result":{}}') })).to.equal(
      '200 with a JSON-RPC result',
    );
    expect(seen(replyWith(401, '', 'Content-Type', 'application/json; charset=utf-8'))).to.equal(
      '401, application/json',
    );
    expect(seen(replyWith(202))).to.equal('202, no content type');
  });

  it('has severities in order', () => {
    const atLeast = (threshold: Severity): readonly Severity[] =>
      severities.filter((severity) => isAtLeast(severity, threshold));
    expect(atLeast('high')).to.deep.equal(['high']);
    expect(atLeast('medium')).to.deep.equal(['high', 'medium']);
    expect(atLeast('low')).to.deep.equal(['high', 'medium', 'low']);
    expect(atLeast('advice')).to.deep.equal(['high', 'medium', 'low', 'advice']);
  });
});
