import { PassThrough } from 'node:stream';

import { expect } from 'chai';
import type { Request, Response } from 'express';

import { receiveMessage } from '../../lib/handler/sse-message.js';
import { type SseMessageExtra, SseTransport } from '../../lib/handler/sse-transport.js';
import { requestState } from '../../lib/request-state.js';
import { currentPrincipal } from '../../lib/sessions/principal-context.js';
import { ada } from '../sessions/support.js';
import { fakeResponse } from './support.js';

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
const MAX_CALLS = 256;

/** One POST to a stream that has `running` calls without an answer. */
async function posting(message: unknown, { running = 0, isProven = true, headersSent = false } = {}) {
  const received: [object, SseMessageExtra, unknown][] = [];
  const transport = new SseTransport(fakeResponse().response, '/messages', 1000, () => {});
  for (let id = 0; id < running; id += 1) transport.receive({ ...CALL, id: `before ${id}` }, {} as never);
  transport.onmessage = (...args) => received.push([...args, currentPrincipal()?.subject]);
  const headers = { 'content-type': 'application/json', 'x-a': 'b', authorization: 'Basic x' };
  const request = Object.assign(new PassThrough(), {
    ...{ method: 'POST', originalUrl: '/messages', url: '/', headers },
    rawHeaders: Object.entries(headers).flat(),
    get: () => 'localhost',
    auth: { token: 't' },
    socket: {},
  });
  request.end(JSON.stringify(message));
  const answer: { status?: number; text?: string; headers: Record<string, string> } = { headers: {} };
  const response = {
    headersSent,
    status(status: number) {
      answer.status = status;
      return response;
    },
    set(name: string, value: string) {
      answer.headers[name] = value;
      return response;
    },
    end(text: string) {
      answer.text = text;
    },
  };
  const state = requestState(request as unknown as Request);
  if (isProven) state.principal = ada;
  const denial = await receiveMessage(
    request as unknown as Request,
    response as unknown as Response,
    state,
    transport,
    10_000,
  );
  return { denial, received, answer };
}

describe('receiveMessage', () => {
  it('hands a message on as the caller, with what tools may see of the request, and accepts it', async () => {
    const { denial, received, answer } = await posting(CALL);
    expect(denial).to.equal(undefined);
    expect(answer).to.deep.equal({ status: 202, text: 'Accepted', headers: { 'Cache-Control': 'no-store' } });
    const [message, extra, who] = received[0] ?? [];
    expect([received.length, message, who]).to.deep.equal([1, CALL, 'ada']);
    expect(extra?.authInfo).to.deep.equal({ token: 't' });
    expect(extra?.requestInfo.headers).to.include({ 'x-a': 'b' }).and.not.have.property('authorization');
    expect(extra?.request.headers.get('x-a')).to.equal('b');
    expect(extra?.request.headers.get('authorization')).to.equal(null);
  });

  for (const message of [
    CALL,
    { jsonrpc: '2.0', method: 'notifications/x' },
    { jsonrpc: '2.0', id: 1, result: {} },
    { jsonrpc: '2.0', id: 1, error: {} },
  ]) {
    it(`takes ${JSON.stringify(message)}`, async () => {
      expect((await posting(message)).received).to.have.length(1);
    });
  }

  for (const message of [
    ...[null, 5, [CALL], {}, { jsonrpc: '2.0' }, { jsonrpc: '2.0', id: 1, method: 5 }],
    ...[
      { id: 1, method: 'ping' },
      { jsonrpc: '1.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', '': 1 },
    ],
  ]) {
    it(`refuses ${JSON.stringify(message)}`, async () => {
      const { denial, received } = await posting(message);
      expect(denial).to.deep.equal({ code: 'invalid_body' });
      expect(received).to.deep.equal([]);
    });
  }

  it('takes no more calls than so many at once, but still what may end one', async () => {
    expect((await posting(CALL, { running: MAX_CALLS - 1 })).denial).to.equal(undefined);
    const full = await posting(CALL, { running: MAX_CALLS });
    expect([full.denial, full.received]).to.deep.equal([{ code: 'unavailable' }, []]);
    for (const message of [
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'before 1' } },
      { jsonrpc: '2.0', id: 7, result: {} },
    ]) {
      expect((await posting(message, { running: MAX_CALLS })).received).to.have.length(1);
    }
  });

  it('hands nothing on for nobody, or where its answer is out', async () => {
    for (const given of [{ isProven: false }, { headersSent: true }]) {
      const { denial, received, answer } = await posting(CALL, given);
      expect([denial, received, answer.status]).to.deep.equal([undefined, [], undefined]);
    }
  });
});
