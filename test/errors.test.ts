import { inspect } from 'node:util';

import { expect } from 'chai';

import { guardErrorCodes, isGuardError, McpGuardError, type McpGuardErrorCode } from '../lib/errors.js';
import { REFUSALS } from './support/refusal.js';

describe('McpGuardError', () => {
  for (const [code, [status, rpcCode, message]] of Object.entries(REFUSALS)) {
    it(`${code} is ${status}, ${rpcCode}, in fixed words`, () => {
      const error = new McpGuardError(code as McpGuardErrorCode);
      expect(error).to.include({ name: 'McpGuardError', code, status, rpcCode, message });
      expect(error.retryAfterSeconds).to.equal(undefined);
      expect(error).to.be.instanceOf(Error);
    });
  }

  it('has no code beyond these', () => {
    expect(guardErrorCodes).to.deep.equal(Object.keys(REFUSALS));
  });

  for (const code of ['nonsense', '', 'toString', '__proto__', 'constructor', undefined, null, 5]) {
    it(`refuses the code ${String(code)}`, () => {
      expect(() => new McpGuardError(code as McpGuardErrorCode)).to.throw(TypeError, 'unknown code');
    });
  }

  it('keeps the cause, and the seconds', () => {
    const cause = new Error('x');
    expect(new McpGuardError('unavailable', { cause, retryAfterSeconds: 7 })).to.include({
      cause,
      retryAfterSeconds: 7,
    });
    expect('cause' in new McpGuardError('unavailable')).to.equal(false);
    expect('cause' in new McpGuardError('unavailable', { cause: undefined })).to.equal(true);
  });

  it('F1 shows no cause in JSON or in its message', () => {
    const error = new McpGuardError('unavailable', { cause: new Error('s3cret') });
    expect(JSON.stringify(error)).to.not.include('s3cret');
    expect(String(error)).to.not.include('s3cret');
    expect(inspect(new McpGuardError('forbidden'))).to.not.include('Symbol(express-mcp-guards');
  });
});

describe('isGuardError', () => {
  it('knows its own, and those of another copy of this package', async () => {
    const again = '../lib/errors.js?another-copy';
    const other = (await import(again)) as { McpGuardError: typeof McpGuardError };
    expect(other.McpGuardError).to.not.equal(McpGuardError);
    expect(isGuardError(new McpGuardError('forbidden'))).to.equal(true);
    expect(isGuardError(new other.McpGuardError('forbidden'))).to.equal(true);
    const brand = Symbol.for('express-mcp-guards.error');
    expect(isGuardError({ [brand]: true, code: 'forbidden' })).to.equal(true);
    expect(isGuardError(new (class Custom extends McpGuardError {})('forbidden'))).to.equal(true);
  });

  it('D2 survives what throws when it is looked at', () => {
    const fail = (): never => {
      throw new Error('trap');
    };
    const brand = Symbol.for('express-mcp-guards.error');
    const traps: unknown[] = [
      new Proxy({}, { get: fail }),
      Object.defineProperty({ [brand]: true }, 'code', { get: fail }),
      { [brand]: true, code: { toString: fail } },
    ];
    for (const trap of traps) expect(isGuardError(trap)).to.equal(false);
  });

  it('knows nothing else, whatever it looks like', () => {
    const brand = Symbol.for('express-mcp-guards.error');
    const strangers: unknown[] = [
      new Error('x'),
      { name: 'McpGuardError', code: 'forbidden', status: 403, rpcCode: -32003 },
      { [brand]: true },
      { [brand]: true, code: 'toString' },
      { [brand]: 1, code: 'forbidden' },
      Object.assign(() => {}, { [brand]: true, code: 'forbidden' }),
      null,
      undefined,
      'forbidden',
      5,
    ];
    for (const stranger of strangers) expect(isGuardError(stranger), inspect(stranger)).to.equal(false);
  });
});
