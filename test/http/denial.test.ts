import { expect } from 'chai';

import type { McpGuardErrorCode } from '../../lib/errors.js';
import { type Challenge, type Denial, denialResponse } from '../../lib/http/denial.js';
import { REFUSALS } from '../support/refusal.js';

const basic: Challenge = { scheme: 'basic', plain: 'Basic realm="x"' };
const bearer: Challenge = {
  scheme: 'bearer',
  plain: 'Bearer realm="x"',
  invalid: 'Bearer realm="x", error="invalid_token"',
  insufficientScope: 'Bearer realm="x", error="insufficient_scope", scope="a"',
};
const apiKey: Challenge = { scheme: 'x-api-key', plain: 'x-api-key realm="x"' };
const token: Challenge = { scheme: 'mcp-token', plain: 'MCP-Token realm="x"' };

function headersOf(denial: Denial, met: readonly Challenge[] = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(denialResponse(denial, met).headers);
}

const challengesOf = (denial: Denial, met: readonly Challenge[] = []): unknown =>
  headersOf(denial, met)['WWW-Authenticate'];

describe('denialResponse', () => {
  for (const [name, [status, rpcCode, message]] of Object.entries(REFUSALS)) {
    const code = name as McpGuardErrorCode;
    it(`${code}: ${status}, one body, never cached`, () => {
      const denial = denialResponse({ code }, []);
      expect(denial.status).to.equal(status);
      expect(denial.body).to.equal(
        `{"jsonrpc":"2.0","error":{"code":${rpcCode},"message":"${message}","data":{"code":"${code}"}},"id":null}`,
      );
      expect(headersOf({ code })).to.include({
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
      });
      expect('Retry-After' in headersOf({ code })).to.equal(status === 429 || status === 503);
      expect('WWW-Authenticate' in headersOf({ code }, [basic])).to.equal(
        status === 401 && code !== 'invalid_mcp_token',
      );
      expect(headersOf({ code }).Connection).to.equal(
        code === 'closing' || code === 'body_timeout' ? 'close' : undefined,
      );
    });
  }

  it('is the same, byte for byte, every time', () => {
    expect(denialResponse({ code: 'session_not_found' }, [])).to.deep.equal(
      denialResponse({ code: 'session_not_found' }, [bearer]),
    );
  });

  it('tells what is allowed', () => {
    expect(headersOf({ code: 'method_not_allowed', allow: 'GET, POST' }).Allow).to.equal('GET, POST');
    expect('Allow' in headersOf({ code: 'method_not_allowed' })).to.equal(false);
  });

  describe('Retry-After', () => {
    const cases: readonly (readonly [seconds: number | undefined, header: string])[] = [
      [undefined, '1'],
      [0, '1'],
      [-5, '1'],
      [0.2, '1'],
      [1, '1'],
      [1.0001, '2'],
      [59.9, '60'],
      [86_400, '86400'],
      [Number.NaN, '1'],
      [Number.POSITIVE_INFINITY, '1'],
      [Number.NEGATIVE_INFINITY, '1'],
    ];
    for (const [retryAfterSeconds, header] of cases) {
      it(`of ${retryAfterSeconds} is ${header}: whole seconds, one at least`, () => {
        for (const code of ['too_many_attempts', 'unavailable'] as const) {
          expect(headersOf({ code, retryAfterSeconds })['Retry-After']).to.equal(header);
        }
      });
    }
  });

  describe('challenges (RFC 9110 §15.5.2)', () => {
    it('there is always one with a 401', () => {
      expect(challengesOf({ code: 'missing_credentials' })).to.deep.equal(['Bearer realm="mcp"']);
    });

    it('there is one for every scheme that was met, Bearer first, the others in order', () => {
      expect(challengesOf({ code: 'missing_credentials' }, [basic, apiKey, bearer])).to.deep.equal([
        bearer.plain,
        basic.plain,
        apiKey.plain,
      ]);
    });

    it('no error where no credential was presented, or an unusable one', () => {
      for (const code of ['missing_credentials', 'malformed_credentials'] as const) {
        expect(challengesOf({ code, failed: bearer }, [basic, bearer])).to.deep.equal([
          bearer.plain,
          basic.plain,
        ]);
      }
    });

    it('the error of the scheme that failed, and of no other', () => {
      const denial: Denial = { code: 'invalid_credentials', failed: bearer };
      expect(challengesOf(denial, [basic, bearer])).to.deep.equal([bearer.invalid, basic.plain]);
      expect(challengesOf({ ...denial, failed: basic }, [basic, bearer])).to.deep.equal([
        bearer.plain,
        basic.plain,
      ]);
      expect(challengesOf({ code: 'invalid_credentials' }, [bearer])).to.deep.equal([bearer.plain]);
    });

    it('tells two guards of one scheme apart', () => {
      const other: Challenge = { ...bearer, plain: 'Bearer realm="y"' };
      expect(challengesOf({ code: 'invalid_credentials', failed: bearer }, [other, bearer])).to.deep.equal([
        other.plain,
        bearer.invalid,
      ]);
    });

    it('a missing scope is told where the scheme knows how to, and nowhere else', () => {
      expect(challengesOf({ code: 'insufficient_scope', failed: bearer }, [basic, bearer])).to.deep.equal([
        bearer.insufficientScope,
      ]);
      expect(challengesOf({ code: 'insufficient_scope', failed: basic }, [basic, bearer])).to.equal(
        undefined,
      );
      expect(challengesOf({ code: 'insufficient_scope' }, [bearer])).to.equal(undefined);
    });

    it('the shared token has its own, alone', () => {
      expect(challengesOf({ code: 'invalid_mcp_token', failed: token }, [basic, bearer])).to.deep.equal([
        token.plain,
      ]);
    });

    it('leaves the list as it was', () => {
      const met = [basic, bearer];
      denialResponse({ code: 'missing_credentials' }, met);
      expect(met).to.deep.equal([basic, bearer]);
    });
  });
});
