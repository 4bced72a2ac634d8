import { PassThrough } from 'node:stream';

import { expect } from 'chai';
import type { Request } from 'express';

import { LiveSession } from '../../lib/sessions/live-session.js';
import type { SessionRegistry } from '../../lib/sessions/session-registry.js';
import { withoutSession } from '../../lib/sessions/without-session.js';
import { holdTimeouts } from '../support/clock.js';
import { ada } from './support.js';

const INITIALIZE = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} };

interface Sent extends Request {
  readonly rawHeaders: string[];
}

function sent(method: string, body?: unknown): Sent {
  const request = Object.assign(new PassThrough(), {
    method,
    headers: { 'content-type': 'application/json', 'mcp-session-id': 'a' },
    rawHeaders: ['Content-Type', 'application/json', 'Mcp-Session-Id', 'a'],
  });
  if (body !== undefined) request.end(JSON.stringify(body));
  return request as unknown as Sent;
}

function scene() {
  const ended: unknown[] = [];
  const registry = { end: async (...args: unknown[]) => ended.push(args) } as unknown as SessionRegistry;
  return { ended, registry, lost: new LiveSession('a', ada, 0, 1) };
}

const namesSession = ({ headers, rawHeaders }: Sent): boolean =>
  'mcp-session-id' in headers || rawHeaders.some((name) => /^mcp-session-id$/i.test(name));

describe('withoutSession', () => {
  it('W9 lets an initialize begin another session, without the id that it came with', async () => {
    const { registry, lost, ended } = scene();
    const request = sent('POST', INITIALIZE);
    expect(await withoutSession(request, registry, false, lost)).to.equal(undefined);
    expect(namesSession(request)).to.equal(false);
    expect(request.body).to.deep.equal(INITIALIZE);
    expect(ended).to.deep.equal([]);
  });

  it('W9 refuses a call, a stream and an end, which keep their id for who comes after', async () => {
    for (const [method, body] of [
      ['POST', CALL],
      ['GET', INITIALIZE],
      ['DELETE', INITIALIZE],
      ['PUT', INITIALIZE],
    ] as const) {
      const { registry, ended } = scene();
      const request = sent(method, body);
      const denial = await withoutSession(request, registry, false, undefined);
      expect(denial).to.deep.equal({ code: 'session_not_found' });
      expect(namesSession(request)).to.equal(true);
      expect(ended).to.deep.equal([]);
    }
  });

  it('ends a session that may do more than its caller by now, and refuses the call', async () => {
    const { registry, lost, ended } = scene();
    const denial = await withoutSession(sent('POST', CALL), registry, false, lost);
    expect(denial).to.deep.equal({ code: 'session_not_found' });
    expect(ended).to.deep.equal([[lost, 'revoked']]);
  });

  it('has ended it by the time it refuses', async () => {
    let isOver = false;
    const registry = {
      end: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        isOver = true;
      },
    } as unknown as SessionRegistry;
    await withoutSession(sent('GET'), registry, false, scene().lost);
    expect(isOver).to.equal(true);
  });

  describe('of a request that names it by its query', () => {
    it('refuses nothing and reads nothing: whoever serves it answers', async () => {
      const { registry, ended } = scene();
      // Whoever read this body would wait for its end.
      const request = sent('POST');
      expect(await withoutSession(request, registry, true, undefined)).to.equal(undefined);
      expect(request.body).to.equal(undefined);
      expect(namesSession(request)).to.equal(true);
      expect(ended).to.deep.equal([]);
    });

    it('ends a session that may do more than its caller by now, whatever the message says', async () => {
      const { registry, lost, ended } = scene();
      expect(await withoutSession(sent('POST', INITIALIZE), registry, true, lost)).to.equal(undefined);
      expect(ended).to.deep.equal([[lost, 'revoked']]);
    });
  });

  it('says that a body came too slowly, and ends a session that may do more than its caller', async () => {
    using timeouts = holdTimeouts(10_000);
    const { registry, lost, ended } = scene();
    const request = sent('POST');
    const refused = withoutSession(request, registry, false, lost);
    timeouts.fire();
    expect(await refused).to.deep.equal({ code: 'body_timeout' });
    expect(namesSession(request)).to.equal(true);
    expect(ended).to.deep.equal([[lost, 'revoked']]);
  });
});
