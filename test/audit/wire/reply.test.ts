import { expect } from 'chai';

import {
  eventsOf,
  headersOf,
  isEventStream,
  isHeldUp,
  isOk,
  isServed,
  isStreaming,
  mediaTypeOf,
  messagesOf,
  parsed,
  type Reply,
  resultOf,
} from '../../../lib/audit/wire/reply.js';

const replyWith = (status: number, text: string, type = 'application/json'): Reply => ({
  ...{ status, text, rawHeaders: ['Content-Type', type], askedId: 'a' },
});

describe('what counts as served', () => {
  const result = '{"jsonrpc":"2.0","id":"a","result":{}}';
  const ping = '{"jsonrpc":"2.0","id":"a","method":"ping"}';
  const nameless = '{"jsonrpc":"2.0","result":{}}';
  const table: readonly (readonly [string, Reply, boolean])[] = [
    ['a 2xx with a result of the id that was asked', replyWith(200, result), true],
    ['the same in an event', replyWith(200, `data: ${result}\n\n`, 'text/event-stream; charset=utf-8'), true],
    ['the same in a batch', replyWith(200, `[${result}]`), true],
    ['an event that is not complete', replyWith(200, `data: ${result}\n`, 'text/event-stream'), false],
    ['a result of another id', replyWith(200, result.replace('"a"', '"b"')), false],
    ['an error', replyWith(200, '{"jsonrpc":"2.0","id":"a","error":{"code":-32601}}'), false],
    ['an empty 202', replyWith(202, ''), false],
    ['a page', replyWith(200, '<h1>Hello</h1>', 'text/html'), false],
    ['JSON that is no message', replyWith(200, '{"id":"a","result":{}}'), false],
    ['a refusal that looks like a result', replyWith(401, result), false],
    [
      'the same after a request of the server, whose ids are its own',
      replyWith(200, `[${ping},${result}]`),
      true,
    ],
    [
      'a result without an id, where none was asked',
      { ...replyWith(200, nameless), askedId: undefined },
      false,
    ],
    ['a request without an id', { ...replyWith(200, result), askedId: undefined }, false],
  ];
  for (const [what, reply, expected] of table) {
    it(`${what}: ${expected ? 'yes' : 'no'}`, () => expect(isServed(reply)).to.equal(expected));
  }

  it('hands over the result, the messages and the events', () => {
    expect(resultOf(replyWith(200, result))).to.deep.equal({});
    expect(messagesOf(replyWith(200, 'null'))).to.deep.equal([]);
    expect(eventsOf(replyWith(200, 'data: x\n\n'))).to.deep.equal([]);
  });
});

describe('a reply', () => {
  const withHeaders = (...rawHeaders: string[]): Reply => ({ ...replyWith(200, ''), rawHeaders });

  it('has all values of a header, in order, whatever its case', () => {
    const reply = withHeaders('A', 'b', 'b', 'a', 'a', 'c', 'B', 'd');
    expect(headersOf(reply, 'a')).to.deep.equal(['b', 'c']);
    expect(headersOf(reply, 'b')).to.deep.equal(['a', 'd']);
    expect(headersOf(reply, 'c')).to.deep.equal([]);
  });

  it('has a media type without parameters, or none', () => {
    expect(mediaTypeOf(withHeaders('content-type', ' Text/HTML ; charset=utf-8'))).to.equal('text/html');
    expect(mediaTypeOf(withHeaders())).to.equal('');
    expect(isEventStream(withHeaders('Content-Type', 'TEXT/event-stream;x'))).to.equal(true);
    expect(isEventStream(withHeaders('Content-Type', 'text/event-streams'))).to.equal(false);
  });

  it('is well for a 2xx, a stream where it is well and one, and held up for a 429 or a 503', () => {
    const statuses = [199, 200, 204, 299, 300, 401, 428, 429, 430, 500, 502, 503, 504];
    const type = 'text/event-stream';
    const which = (is: (reply: Reply) => boolean): number[] =>
      statuses.filter((status) => is(replyWith(status, '', type)));
    expect(which(isOk)).to.deep.equal([200, 204, 299]);
    expect(which(isStreaming)).to.deep.equal([200, 204, 299]);
    expect(which(isHeldUp)).to.deep.equal([429, 503]);
    expect(isStreaming(replyWith(200, ''))).to.equal(false);
  });

  it('has messages in JSON or in events, and no other text', () => {
    const one = { jsonrpc: '2.0', id: 'a' };
    const text = JSON.stringify(one);
    expect(messagesOf(replyWith(200, text))).to.deep.equal([one]);
    expect(messagesOf(replyWith(200, `[${text},5,null,{},${text}]`))).to.deep.equal([one, one]);
    const type = 'text/event-stream';
    expect(messagesOf(replyWith(200, `data: x\n\ndata: ${text}\n\n`, type))).to.deep.equal([one]);
    expect(eventsOf(replyWith(200, 'data: x\n\n', type))).to.have.length(1);
    for (const other of ['', '5', 'null', '"jsonrpc"', text.slice(1)]) {
      expect(messagesOf(replyWith(200, other)), other).to.deep.equal([]);
    }
    expect([parsed('[1]'), parsed('[1')]).to.deep.equal([[1], undefined]);
  });
});
