import { expect } from 'chai';

import { readReservation } from '../../lib/redis/login-reply.js';
import type { LoginKeys } from '../../lib/types.js';

const ALL: LoginKeys = { ip: 'i', ipAccount: 'ia', account: 'a' };
const ADDRESS: LoginKeys = { ip: 'i' };

function refusalOf(reply: unknown, keys: LoginKeys): string {
  try {
    readReservation(reply, 'id', keys);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('what Redis answers to a reservation', () => {
  it('is what was asked for', () => {
    for (const keys of [ALL, ADDRESS]) {
      expect(readReservation(['reserved', ...Object.keys(keys)], 'id', keys)).to.deep.equal({
        ...{ status: 'reserved', id: 'id', keys },
      });
    }
  });

  it('may spare the account of a place that has proved it', () => {
    expect(readReservation(['reserved', 'ip', 'ipAccount'], 'id', ALL)).to.deep.equal({
      ...{ status: 'reserved', id: 'id', keys: { ip: 'i', ipAccount: 'ia' } },
    });
  });

  it('is a time in seconds, a whole one at least, or the key that is busy', () => {
    for (const [milliseconds, retryAfterSeconds] of [
      ['0', 1],
      ['1000', 1],
      ['1001', 2],
      ['60000', 60],
    ] as const) {
      expect(readReservation(['full', milliseconds], 'id', ALL)).to.deep.equal({
        status: 'full',
        retryAfterSeconds,
      });
    }
    for (const kind of ['ip', 'ipAccount', 'account'] as const) {
      expect(readReservation(['busy', kind], 'id', ALL)).to.deep.equal({ status: 'busy', key: ALL[kind] });
    }
  });

  const NONSENSE: readonly (readonly [unknown, LoginKeys])[] = [
    ...[null, 'reserved', 5, [], ['reserved'], ['other', 'ip', 'ipAccount', 'account'], [5]].map(
      (reply) => [reply, ALL] as const,
    ),
    ...[
      ['reserved', 'ip', 'account'],
      ['reserved', 'ipAccount', 'account'],
      ['reserved', 'ip'],
      ['reserved', 'account'],
    ].map((reply) => [reply, ALL] as const),
    ...[
      ['reserved', 'ip', 'ipAccount', 'account', 'other'],
      ['reserved', 'constructor', 'ip', 'ipAccount', 'account'],
    ].map((reply) => [reply, ALL] as const),
    [['reserved', 'ip', 'ipAccount'], ADDRESS],
    [['reserved', 'ip', 'account'], ADDRESS],
    [['reserved'], ADDRESS],
    // An account is spared where there is a place that may have proved it.
    [['reserved', 'ip'], { ip: 'i', account: 'a' }],
    ...['', 'x', '1x', 'x1', '-1', '1.5'].map((time) => [['full', time], ALL] as const),
    [['full'], ALL],
    [['later', '1000'], ALL],
    [['1000'], ALL],
    [['busy'], ALL],
    [['busy', 'constructor'], ALL],
    [['busy', 'other'], ALL],
    [['busy', 'account'], ADDRESS],
    [['idle', 'ip'], ALL],
  ];
  for (const [reply, keys] of NONSENSE) {
    it(`is not ${JSON.stringify(reply)}, where ${Object.keys(keys).join(' and ')} were asked for`, () => {
      expect(refusalOf(reply, keys)).to.equal(refusalOf({}, keys)).and.to.not.equal('none');
    });
  }
});
