import { expect } from 'chai';
import type { Request } from 'express';

import {
  type Beginning,
  endedAs,
  isLoggingIn,
  mountOf,
  originData,
  originOf,
} from '../../lib/sessions/origin.js';
import type { SessionRecord } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { ada, eve } from './support.js';

const recordOf = (initialize: unknown, principal = ada): SessionRecord => ({
  ...{ id: 'id', principal, createdAt: 0, lastSeenAt: 0, expiresAt: 1 },
  initialize: initialize as object | null,
});

const MESSAGE = { method: 'initialize' };

describe('how a session began', () => {
  const whole: Required<Beginning> = { by: 'mcpBasicAuth 0', at: '/mcp ', loginUntil: 5, ended: 'revoked' };

  it('is kept with what is known of it, and nothing else', () => {
    expect(originData(MESSAGE, ada, whole)).to.deep.equal({ message: MESSAGE, presented: ada, ...whole });
    for (const key of Object.keys(whole) as (keyof Beginning)[]) {
      const some = { ...whole, [key]: undefined };
      expect(Object.keys(originData(MESSAGE, ada, some))).to.not.include(key);
      expect(Object.keys(originOf(recordOf(originData(MESSAGE, ada, some))) ?? {})).to.not.include(key);
    }
    expect(originData(null, ada, {})).to.deep.equal({ message: null, presented: ada });
  });

  it('is read again as it was kept', () => {
    expect(originOf(recordOf(originData(MESSAGE, ada, whole)))).to.deep.equal({
      ...{ message: MESSAGE, presented: ada },
      ...whole,
    });
    expect(originOf(recordOf(originData(MESSAGE, ada, {})))).to.deep.equal({
      message: MESSAGE,
      presented: ada,
    });
  });

  it('is not read where it is of another kind than was kept', () => {
    const odd = { message: MESSAGE, presented: ada, by: 1, at: {}, loginUntil: '5', ended: 7 };
    expect(originOf(recordOf(odd))).to.deep.equal({ message: MESSAGE, presented: ada });
  });

  for (const [what, initialize] of [
    ['nothing', null],
    ['text', 'x'],
    ['a message alone', { message: MESSAGE }],
    ['a principal that is none', { message: MESSAGE, presented: { subject: '' } }],
    ['somebody else', { message: MESSAGE, presented: eve }],
  ] as const) {
    it(`is nothing where the record has ${what}`, () => {
      expect(originOf(recordOf(initialize))).to.equal(undefined);
    });
  }

  it('says until when its login may be under way', () => {
    using _clock = stopClock();
    const until = (loginUntil: unknown): boolean => isLoggingIn(recordOf({ loginUntil }));
    expect(until(Date.now() + 60_000)).to.equal(true);
    expect(until(Date.now() + 1)).to.equal(true);
    expect(until(Date.now())).to.equal(false);
    expect(until(String(Date.now() + 60_000))).to.equal(false);
    expect(isLoggingIn(recordOf(null))).to.equal(false);
  });

  it('says why it is over, where it is left to others to undo', () => {
    expect(endedAs(recordOf({ ended: 'expired' }))).to.equal('expired');
    expect(endedAs(recordOf({ ended: 1 }))).to.equal(undefined);
    expect(endedAs(recordOf({}))).to.equal(undefined);
    expect(endedAs(recordOf(null))).to.equal(undefined);
  });

  it('names where a handler is mounted', () => {
    expect(mountOf({ baseUrl: '/mcp' } as Request)).to.equal('/mcp ');
    expect(mountOf({ baseUrl: '', route: { path: '/mcp' } } as unknown as Request)).to.equal(' /mcp');
  });
});
