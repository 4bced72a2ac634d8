import { EventEmitter } from 'node:events';

import { expect } from 'chai';
import type { Response } from 'express';

import { isGone, onOver } from '../lib/response-end.js';

interface Fake {
  readonly response: Response;
  readonly emitter: EventEmitter & { destroyed: boolean };
}

class Socket extends EventEmitter {
  destroyed = false;

  close(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function responseOn(socket: Socket = new Socket()): Fake {
  const emitter = Object.assign(new EventEmitter(), { destroyed: false, req: { socket } });
  return { response: emitter as unknown as Response, emitter };
}

/** How often each of two listeners is told. */
function counting() {
  const told = [0, 0];
  const tell = (which: 0 | 1) => (): void => {
    told[which] = (told[which] ?? 0) + 1;
  };
  return { told, first: tell(0), second: tell(1) };
}

describe('onOver', () => {
  it('tells each listener once when the response is over, in order, with one listener on each of Node', () => {
    const socket = new Socket();
    const { response, emitter } = responseOn(socket);
    const order: string[] = [];
    onOver(response, () => order.push('first'));
    onOver(response, () => order.push('second'));
    expect(emitter.listenerCount('close')).to.equal(1);
    expect(socket.listenerCount('close')).to.equal(1);
    expect(order).to.deep.equal([]);
    emitter.emit('close');
    emitter.emit('close');
    socket.close();
    expect(order).to.deep.equal(['first', 'second']);
    expect(emitter.listenerCount('close')).to.equal(0);
  });

  it('tells all who wait on a connection when that closes, although Node tells them nothing', () => {
    const socket = new Socket();
    const [one, other, elsewhere] = [responseOn(socket), responseOn(socket), responseOn()];
    const { told, first, second } = counting();
    onOver(one.response, first);
    onOver(other.response, first);
    onOver(elsewhere.response, second);
    expect(socket.listenerCount('close')).to.equal(1);
    socket.close();
    expect(told).to.deep.equal([2, 0]);
  });

  it('no longer tells one that has been answered when its connection closes later', () => {
    const socket = new Socket();
    const { response, emitter } = responseOn(socket);
    const { told, first } = counting();
    onOver(response, first);
    emitter.emit('close');
    socket.close();
    expect(told).to.deep.equal([1, 0]);
  });

  it('tells nobody who has stopped listening, also while others are told', () => {
    const { response, emitter } = responseOn();
    const { told, first, second } = counting();
    const stopFirst = onOver(response, first);
    let stopSecond = (): void => {};
    onOver(response, () => stopSecond());
    stopSecond = onOver(response, second);
    stopFirst();
    stopFirst();
    emitter.emit('close');
    expect(told).to.deep.equal([0, 0]);
  });

  it('keeps no listener where nobody listens any more, and begins anew where somebody does', () => {
    const { response, emitter } = responseOn();
    const { told, first, second } = counting();
    const stops = [onOver(response, first), onOver(response, second)];
    stops[0]?.();
    expect(emitter.listenerCount('close')).to.equal(1);
    stops[1]?.();
    expect(emitter.listenerCount('close')).to.equal(0);
    onOver(response, second);
    expect(emitter.listenerCount('close')).to.equal(1);
    // Of the first round: it stops nothing of the second.
    stops[0]?.();
    stops[1]?.();
    emitter.emit('close');
    expect(told).to.deep.equal([0, 1]);
  });

  it('tells who begins to listen while others are told, at the next end alone', () => {
    const socket = new Socket();
    const { response, emitter } = responseOn(socket);
    const { told, first } = counting();
    onOver(response, () => onOver(response, first));
    emitter.emit('close');
    expect(told).to.deep.equal([0, 0]);
    socket.close();
    expect(told).to.deep.equal([1, 0]);
  });
});

describe('isGone', () => {
  it('is so once the response or its connection is destroyed', () => {
    const socket = new Socket();
    const { response, emitter } = responseOn(socket);
    expect(isGone(response)).to.equal(false);
    emitter.destroyed = true;
    expect(isGone(response)).to.equal(true);
    emitter.destroyed = false;
    socket.destroyed = true;
    expect(isGone(response)).to.equal(true);
  });
});
