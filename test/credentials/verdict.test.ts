import { inspect } from 'node:util';

import { expect } from 'chai';

import { Abstained, readAnswer, readThrown } from '../../lib/credentials/verdict.js';
import { guardErrorCodes, McpGuardError } from '../../lib/errors.js';
import { TimeUp } from '../../lib/within-time.js';
import { catchWarnings } from '../support/warnings.js';

describe('readAnswer', () => {
  it('takes a principal for a proof, sealed', () => {
    const verdict = readAnswer({ subject: 'ada', token: 'jwt', extra: 'dropped' }, 'guard');
    expect(verdict.kind).to.equal('proven');
    const { principal } = verdict as Extract<typeof verdict, { kind: 'proven' }>;
    expect(principal).to.include({ subject: 'ada', token: 'jwt' });
    expect(principal).to.not.have.property('extra');
    expect(inspect(principal)).to.not.include('jwt');
  });

  for (const answer of [null, false]) {
    it(`D2 takes ${answer} for a wrong credential, without a warning`, () => {
      using warnings = catchWarnings();
      expect(readAnswer(answer, 'guard')).to.deep.equal({ kind: 'wrong' });
      expect(warnings.texts).to.have.length(0);
    });
  }

  const noAnswers: readonly unknown[] = [
    undefined,
    true,
    0,
    1,
    '',
    'true',
    'ada',
    {},
    [],
    [{ subject: 'ada' }],
    { authenticated: false },
    { subject: '' },
    { subject: 7 },
    { subject: null },
    { subject: ['ada'] },
    { subject: 'ada', expiresAt: '2030' },
    { subject: 'ada', expiresAt: Number.NaN },
    { subject: 'ada', scopes: 'read' },
    { subject: 'ada', tenant: 5 },
    () => ({ subject: 'ada' }),
  ];
  for (const answer of noAnswers) {
    it(`D2 takes ${inspect(answer)} for no answer, and says so loudly`, () => {
      using warnings = catchWarnings();
      expect(readAnswer(answer, 'mcpBasicAuth')).to.deep.equal({
        kind: 'unavailable',
        reason: 'verifier_answer',
      });
      expect(warnings.codes).to.deep.equal(['MCP_GUARD_VERIFIER_ANSWER']);
      expect(warnings.texts[0]).to.match(/^mcpBasicAuth: the verifier answered something/);
      expect(warnings.texts[0]).to.not.include('ada');
    });
  }
});

describe('readThrown', () => {
  for (const code of guardErrorCodes) {
    const isPolicy = code === 'forbidden' || code === 'insufficient_scope';
    it(`reads McpGuardError ${code} as ${isPolicy ? 'a refusal by policy' : 'an outage'}`, () => {
      expect(readThrown(new McpGuardError(code))).to.deep.equal(
        isPolicy ? { kind: 'refused', code } : { kind: 'unavailable', reason: 'verifier_error' },
      );
    });
  }

  it('D1 reads what throws when it is looked at as an outage', () => {
    const fail = (): never => {
      throw new Error('trap');
    };
    const trap = new Proxy({}, { get: fail, getPrototypeOf: fail });
    expect(readThrown(trap)).to.deep.equal({ kind: 'unavailable', reason: 'verifier_error' });
  });

  it('reads time that is up', () => {
    expect(readThrown(new TimeUp())).to.deep.equal({ kind: 'unavailable', reason: 'verifier_timeout' });
  });

  it('reads an abstention', () => {
    expect(readThrown(new Abstained())).to.deep.equal({ kind: 'abstained' });
  });

  for (const thrown of [new Error('x'), 'text', null, undefined, 5, { code: 'forbidden', status: 403 }]) {
    it(`D1 reads ${inspect(thrown).split('\n')[0]} as an outage`, () => {
      expect(readThrown(thrown)).to.deep.equal({ kind: 'unavailable', reason: 'verifier_error' });
    });
  }
});
