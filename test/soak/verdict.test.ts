import { expect } from 'chai';

import type { Sample } from './sample.js';
import { slopeOf, verdict } from './verdict.js';

/** A quiet point after `wave` waves of a thousand sessions and ten thousand requests, and busy ones before it. */
function wave(wave: number, changes: Partial<Sample> = {}, busy: Partial<Sample> = {}): Sample[] {
  const sample: Sample = {
    atMs: wave * 10_000,
    isQuiet: true,
    // Up and down by chance.
    heapBytes: 30_000_000 + (wave % 3) * 100_000,
    resources: { PipeWrap: 1, TCPServerWrap: 1 },
    listeners: 12,
    delayP99Ms: 10,
    sessions: 0,
    begun: wave * 1000,
    requests: wave * 10_000,
  };
  return [
    { ...sample, isQuiet: false, sessions: 900, heapBytes: 90_000_000, ...busy },
    { ...sample, ...changes },
  ];
}

const run = (
  changes: (wave: number) => Partial<Sample> = () => ({}),
  busy: (wave: number) => Partial<Sample> = () => ({}),
): Sample[] => Array.from({ length: 9 }, (_, index) => wave(index, changes(index), busy(index))).flat();

describe('the verdict on a long run', () => {
  it('finds nothing where all is as before', () => {
    expect(verdict(run(), [])).to.deep.equal([]);
  });

  it('does not mind what comes while it warms up', () => {
    const samples = run((index) => (index < 2 ? { heapBytes: 1_000_000, listeners: 1, resources: {} } : {}));
    expect(verdict(samples, [])).to.deep.equal([]);
  });

  it('finds what is kept of each session, or of each request', () => {
    const ofSessions = run((index) => ({ heapBytes: 30_000_000 + index * 1000 * 500 }));
    expect(verdict(ofSessions, [])).to.deep.equal(['the heap rises by 500 bytes for each session']);
    const ofRequests = run((index) => ({ heapBytes: 30_000_000 + index * 10_000 * 100 }));
    expect(verdict(ofRequests, [])).to.deep.equal([
      'the heap rises by 1000 bytes for each session',
      'the heap rises by 100 bytes for each request',
    ]);
  });

  it('does not take one odd point for a rise', () => {
    const samples = run((index) => (index === 8 ? { heapBytes: 60_000_000 } : {}));
    expect(verdict(samples, [])).to.deep.equal([]);
  });

  it('finds timers, connections and listeners that become more', () => {
    const samples = run((index) => ({
      resources: { PipeWrap: 1, TCPServerWrap: 1, Timeout: index * 5 },
      listeners: 12 + index,
    }));
    expect(verdict(samples, [])).to.deep.equal(['Timeout: 10 have become 40', '14 listeners have become 20']);
  });

  it('finds sessions that never end', () => {
    expect(
      verdict(
        run((index) => (index > 5 ? { sessions: 3 } : {})),
        [],
      ),
    ).to.deep.equal(['3 sessions have never ended']);
  });

  it('finds an event loop that waits longer and longer, but not a slow machine', () => {
    const slower = run(undefined, (index) => ({ delayP99Ms: 20 + index * 40 }));
    expect(verdict(slower, [])).to.deep.equal(['the event loop waits 300 ms, where it waited 60 ms']);
    const slow = run(undefined, () => ({ delayP99Ms: 900 }));
    expect(verdict(slow, [])).to.deep.equal([]);
    const quick = run(undefined, (index) => ({ delayP99Ms: 1 + index * 10 }));
    expect(verdict(quick, [])).to.deep.equal([]);
  });

  it('tells of each fault once', () => {
    expect(verdict(run(), ['a', 'b', 'a'])).to.deep.equal(['a', 'b']);
  });

  it('does not judge what is too short', () => {
    expect(verdict(run().slice(0, 8), ['a'])).to.deep.equal(['a', 'the run was too short to be judged']);
    expect(verdict([], [])).to.deep.equal(['the run was too short to be judged']);
  });

  it('knows a slope by the median of all', () => {
    expect(slopeOf([])).to.equal(0);
    expect(slopeOf([[1, 5]])).to.equal(0);
    expect(
      slopeOf([
        [0, 0],
        [1, 2],
        [2, 4],
        [3, 6],
        [4, 100],
      ]),
    ).to.equal(2);
    expect(
      slopeOf([
        [1, 0],
        [1, 9],
      ]),
    ).to.equal(0);
  });
});
