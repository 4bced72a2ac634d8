import { expect } from 'chai';

import { answeredId, Calls, cancelledIds, requestIds } from '../../lib/handler/calls.js';

const request = (id: unknown, method: unknown = 'tools/call'): object => ({ jsonrpc: '2.0', id, method });
const cancelled = (requestId: unknown): object => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});

const NOTHING: readonly unknown[] = [undefined, null, 5, 'text', [], {}, [[]], [null, 5, 'x']];

describe('requestIds', () => {
  it('are those of the requests, in one message or in many', () => {
    expect(requestIds(request(1))).to.deep.equal([1]);
    expect(requestIds(request('a'))).to.deep.equal(['a']);
    expect(requestIds([request(0), request(''), request('0')])).to.deep.equal([0, '', '0']);
  });

  it('are none of notifications, answers, and what is no message', () => {
    expect(requestIds({ method: 'notifications/initialized' })).to.deep.equal([]);
    expect(requestIds({ id: 1, result: {} })).to.deep.equal([]);
    expect(requestIds([request(null), request({}), request(true), request(1, 5)])).to.deep.equal([]);
    for (const body of NOTHING) expect(requestIds(body)).to.deep.equal([]);
  });
});

describe('cancelledIds', () => {
  it('are those that notifications/cancelled name', () => {
    expect(cancelledIds(cancelled(7))).to.deep.equal([7]);
    expect(cancelledIds([cancelled('a'), request(1), cancelled(2)])).to.deep.equal(['a', 2]);
  });

  it('are none of anything else', () => {
    for (const body of [
      ...NOTHING,
      cancelled(null),
      cancelled(undefined),
      { method: 'notifications/cancelled' },
      { method: 'notifications/cancelled', params: null },
      { method: 'notifications/progress', params: { requestId: 1 } },
    ]) {
      expect(cancelledIds(body)).to.deep.equal([]);
    }
  });
});

describe('answeredId', () => {
  it('is the id of a result or an error', () => {
    expect(answeredId({ id: 1, result: {} })).to.equal(1);
    expect(answeredId({ id: 'a', error: { code: 1, message: 'x' } })).to.equal('a');
    expect(answeredId({ id: 0, result: null })).to.equal(0);
  });

  it('is none of anything else', () => {
    for (const message of [...NOTHING, request(1), { result: {} }, { id: null, error: {} }]) {
      expect(answeredId(message)).to.equal(undefined);
    }
  });
});

describe('Calls', () => {
  function counting(): { calls: Calls; counts: number[] } {
    const counts: number[] = [];
    return { calls: new Calls((running) => counts.push(running)), counts };
  }

  function answer(): { abandon(): void; readonly abandoned: number } {
    let abandoned = 0;
    return {
      abandon: () => {
        abandoned += 1;
      },
      get abandoned() {
        return abandoned;
      },
    };
  }

  it('tells how many run, whenever that changes', () => {
    const { calls, counts } = counting();
    calls.begin([1, 2], answer());
    calls.begin([], answer());
    calls.begin(['1'], answer());
    calls.finish(2);
    calls.finish(2);
    calls.finish('unknown');
    calls.finish(1);
    calls.finish('1');
    expect(counts).to.deep.equal([2, 3, 2, 1, 0]);
  });

  it('know how many run', () => {
    const { calls } = counting();
    expect(calls.size).to.equal(0);
    calls.begin([1, 2], answer());
    expect(calls.size).to.equal(2);
  });

  it('A5 leave a call that runs its answer, whoever else calls by its id', () => {
    const { calls, counts } = counting();
    const [one, two] = [answer(), answer()];
    expect(calls.begin([1], one)).to.deep.equal([1]);
    expect(calls.begin([1], two)).to.deep.equal([]);
    expect(calls.begin([1, 2], two)).to.deep.equal([2]);
    calls.cancel(1);
    expect([one.abandoned, two.abandoned]).to.deep.equal([1, 0]);
    expect(counts).to.deep.equal([1, 2, 1]);
  });

  it('abandons an answer that waits for nothing but what was cancelled', () => {
    const { calls, counts } = counting();
    const [one, two] = [answer(), answer()];
    calls.begin([1], one);
    calls.begin([2], two);
    expect(calls.cancel(1)).to.equal(true);
    expect([one.abandoned, two.abandoned]).to.deep.equal([1, 0]);
    expect(counts.at(-1)).to.equal(1);
  });

  it('abandons the answer to a batch once all of it was cancelled or is done', () => {
    const { calls } = counting();
    const batch = answer();
    calls.begin([1, 2, 3], batch);
    calls.cancel(1);
    calls.finish(2);
    expect(batch.abandoned).to.equal(0);
    calls.cancel(3);
    expect(batch.abandoned).to.equal(1);
  });

  it('abandons nothing twice, and nothing that does not run', () => {
    const { calls } = counting();
    const one = answer();
    calls.begin([1], one);
    calls.cancel(1);
    expect(calls.cancel(1)).to.equal(false);
    expect(calls.cancel('1')).to.equal(false);
    expect(one.abandoned).to.equal(1);
  });

  it('abandons nothing that has its answer', () => {
    const { calls } = counting();
    const one = answer();
    calls.begin([1], one);
    calls.finish(1);
    expect(calls.cancel(1)).to.equal(false);
    expect(one.abandoned).to.equal(0);
  });
});
