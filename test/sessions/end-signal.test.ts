import { expect } from 'chai';

import { EndSignal } from '../../lib/sessions/end-signal.js';

describe('EndSignal', () => {
  it('tells each listener once, in their order, and none that has stopped listening', () => {
    const end = new EndSignal();
    const heard: string[] = [];
    end.onAbort(() => heard.push('first'));
    const stop = end.onAbort(() => heard.push('stopped'));
    end.onAbort(() => heard.push('last'));
    stop();
    stop();
    expect(end.aborted).to.equal(false);
    end.abort();
    end.abort();
    expect(end.aborted).to.equal(true);
    expect(heard).to.deep.equal(['first', 'last']);
  });

  it('tells nobody who comes when it is over', () => {
    const end = new EndSignal();
    end.abort();
    let calls = 0;
    end.onAbort(() => {
      calls += 1;
    });
    end.abort();
    expect(calls).to.equal(0);
  });

  it('tells those that were there, whoever comes or stops meanwhile', () => {
    const end = new EndSignal();
    const heard: string[] = [];
    let stop = (): void => {};
    end.onAbort(() => {
      heard.push('first');
      stop();
      end.onAbort(() => heard.push('late'));
    });
    stop = end.onAbort(() => heard.push('second'));
    end.abort();
    expect(heard).to.deep.equal(['first', 'second']);
  });

  it('has a signal, one and the same, that is aborted with it', () => {
    const end = new EndSignal();
    const { signal } = end;
    expect(signal.aborted).to.equal(false);
    expect(end.signal).to.equal(signal);
    end.abort();
    expect(signal.aborted).to.equal(true);
    const over = new EndSignal();
    over.abort();
    expect(over.signal.aborted).to.equal(true);
    expect(over.signal).to.equal(over.signal);
  });
});
