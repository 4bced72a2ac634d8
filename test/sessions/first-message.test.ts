import { PassThrough } from 'node:stream';

import { expect } from 'chai';
import type { Request } from 'express';

import { isInitialize, startsAnew } from '../../lib/sessions/first-message.js';
import { holdTimeouts } from '../support/clock.js';

const BODY_TIMEOUT_MS = 10_000;

function posting(body: unknown, headers: Record<string, string> = {}): Request {
  const request = Object.assign(new PassThrough(), {
    headers: { 'content-type': 'application/json', ...headers },
  });
  request.end(typeof body === 'string' ? body : JSON.stringify(body));
  return request as unknown as Request;
}

const modern = (version: unknown): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { _meta: { 'io.modelcontextprotocol/protocolVersion': version } },
});

describe('isInitialize', () => {
  it('knows the method alone, in one message', () => {
    expect(isInitialize({ method: 'initialize' })).to.equal(true);
    for (const message of [
      null,
      undefined,
      'initialize',
      {},
      { method: 'Initialize' },
      { method: ['initialize'] },
      { method: 'notifications/initialized' },
      [{ method: 'initialize' }],
    ]) {
      expect(isInitialize(message)).to.equal(false);
    }
  });
});

describe('startsAnew', () => {
  it('W9 is so of an initialize, which stays parsed for who comes after', async () => {
    const request = posting({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    expect(await startsAnew(request)).to.equal(true);
    expect(request.body).to.include({ method: 'initialize' });
  });

  it('is so of a request in the form that has no sessions', async () => {
    expect(await startsAnew(posting(modern('2026-07-28')))).to.equal(true);
  });

  for (const body of [
    ...[null, 5, 'text', [], {}, { method: 'tools/list' }],
    ...[undefined, null, 5, ['2026-07-28'], {}].map(modern),
    ...[undefined, 5, ['tools/call']].map((method) => ({ ...modern('2026-07-28'), method })),
    { params: null },
    { params: { _meta: null } },
    { params: { _meta: { 'io.modelcontextprotocol/other': 'x' } } },
    [{ method: 'initialize' }],
    { result: {}, id: 1 },
    '{"method":"initialize"',
  ]) {
    it(`is not so of ${JSON.stringify(body)}`, async () => {
      expect(await startsAnew(posting(body))).to.equal(false);
    });
  }

  it('asks the body, never a header', async () => {
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'initialize' };
    expect(await startsAnew(posting({ method: 'tools/list' }, headers))).to.equal(false);
  });

  it('is not so of what is no JSON, or too much of it', async () => {
    expect(await startsAnew(posting({ method: 'initialize' }, { 'content-type': 'text/plain' }))).to.equal(
      false,
    );
    const large = { method: 'initialize', params: 'x'.repeat(1_048_577) };
    expect(await startsAnew(posting(large))).to.equal(false);
  });

  it('says when the body does not come', async () => {
    using timeouts = holdTimeouts(BODY_TIMEOUT_MS);
    const request = Object.assign(new PassThrough(), { headers: { 'content-type': 'application/json' } });
    const starting = startsAnew(request as unknown as Request);
    timeouts.fire();
    expect(await starting).to.equal('too slow');
  });
});
