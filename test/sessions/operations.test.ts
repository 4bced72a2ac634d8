import { inspect } from 'node:util';

import { expect } from 'chai';

import { operationsOn } from '../../lib/sessions/operations.js';
import type { SessionRegistry } from '../../lib/sessions/session-registry.js';

/** A registry that says what it was asked. */
function asked() {
  const calls: unknown[] = [];
  const registry = {
    list: async (filter: unknown) => calls.push(['list', filter]) && ['a record'],
    revoke: async (target: unknown) => calls.push(['revoke', target]) && 3,
    close: async () => void calls.push(['close']),
  };
  return { calls, operations: operationsOn(registry as unknown as SessionRegistry) };
}

const refusal = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('what an operator can do with sessions', () => {
  it('reaches the registry as it was asked for', async () => {
    const { calls, operations } = asked();
    expect(await operations.list()).to.deep.equal(['a record']);
    const filter = { subject: 'ada', issuer: 'https://a.example', tenant: 'acme' };
    expect(await operations.list(filter)).to.deep.equal(['a record']);
    expect(await operations.revoke({ sessionId: 'id' })).to.equal(3);
    expect(await operations.revoke(filter)).to.equal(3);
    await operations.close();
    expect(calls).to.deep.equal([
      ['list', {}],
      ['list', filter],
      ['revoke', { sessionId: 'id' }],
      ['revoke', filter],
      ['close'],
    ]);
  });

  for (const filter of [
    null,
    'ada',
    { subject: '' },
    { issuer: 1 },
    { tenant: '' },
    { sub: 'ada' },
    { sessionId: 'id' },
  ]) {
    it(`lists nothing by ${inspect(filter)}`, async () => {
      const { calls, operations } = asked();
      expect(await refusal(operations.list(filter as object)))
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .that.matches(/^list\b/);
      expect(calls).to.deep.equal([]);
    });
  }

  for (const target of [
    ...[
      undefined,
      null,
      'ada',
      {},
      { subject: '' },
      { issuer: 'https://a.example' },
      { subject: 'ada', tenant: 5 },
    ],
    ...[{ sessionId: '' }, { sessionId: undefined }, { sessionId: 'id', subject: 'ada' }],
  ]) {
    it(`revokes nothing by ${inspect(target)}`, async () => {
      const { calls, operations } = asked();
      expect(await refusal(operations.revoke(target as { sessionId: string })))
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .that.matches(/^revoke\b/);
      expect(calls).to.deep.equal([]);
    });
  }
});
