import { expect } from 'chai';

import { InFlight } from '../../lib/credentials/in-flight.js';

describe('InFlight', () => {
  it('counts what has begun and not ended, by key', () => {
    const inFlight = new InFlight();
    for (const key of ['a', 'b', 'a']) inFlight.begin(key);
    expect(['a', 'b', 'c'].map((key) => inFlight.of(key))).to.deep.equal([2, 1, 0]);
    inFlight.end('a');
    expect(inFlight.of('a')).to.equal(1);
    expect(inFlight.keys).to.have.members(['a', 'b']);
  });

  it('keeps no key without any', () => {
    const inFlight = new InFlight();
    inFlight.begin('a');
    inFlight.end('a');
    inFlight.end('never begun');
    expect(inFlight.keys).to.deep.equal([]);
    expect(inFlight.of('never begun')).to.equal(0);
  });
});
