import { expect } from 'chai';
import { hashesAtOnce, takingTurns } from '../../lib/passwords/turns.js';
import { rejection } from './support.js';

/** A task that runs until it is told how it ends. */
function task<T>() {
  let isRunning = false;
  let end: { resolve: (value: T) => void; reject: (error: unknown) => void };
  const ended = new Promise<T>((resolve, reject) => (end = { resolve, reject }));
  return {
    run: (): Promise<T> => {
      isRunning = true;
      return ended;
    },
    isRunning: () => isRunning,
    resolve: (value: T) => end.resolve(value),
    reject: (error: unknown) => end.reject(error),
  };
}

const running = (tasks: readonly { isRunning(): boolean }[]): boolean[] =>
  tasks.map(({ isRunning }) => isRunning());

describe('takingTurns', () => {
  it('runs so many at once, and the others in the order they came', async () => {
    const inTurn = takingTurns(2);
    const tasks = [task<string>(), task<string>(), task<string>(), task<string>()] as const;
    const results = tasks.map(({ run }) => inTurn(run));
    expect(running(tasks)).to.deep.equal([true, true, false, false]);
    tasks[1].resolve('b');
    expect(await results[1]).to.equal('b');
    expect(running(tasks)).to.deep.equal([true, true, true, false]);
    tasks[2].resolve('c');
    expect(await results[2]).to.equal('c');
    expect(running(tasks)).to.deep.equal([true, true, true, true]);
    tasks[3].resolve('d');
    tasks[0].resolve('a');
    expect(await Promise.all(results)).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('gives the turn of one that fails to the next, whether it rejects or throws', async () => {
    const inTurn = takingTurns(1);
    const [first, last] = [task<string>(), task<string>()];
    const error = new Error('no');
    const failing = inTurn(first.run);
    const throwing = inTurn<string>(() => {
      throw error;
    });
    const result = inTurn(last.run);
    first.reject(error);
    expect(await rejection(failing)).to.equal(error);
    expect(await rejection(throwing)).to.equal(error);
    last.resolve('last');
    expect(await result).to.equal('last');
  });

  it('has as many turns after all have ended as before', async () => {
    const inTurn = takingTurns(2);
    await Promise.all([1, 2, 3, 4, 5].map((value) => inTurn(async () => value)));
    const tasks = [task<void>(), task<void>(), task<void>()] as const;
    const results = tasks.map(({ run }) => inTurn(run));
    expect(running(tasks)).to.deep.equal([true, true, false]);
    for (const { resolve } of tasks) resolve();
    await Promise.all(results);
  });
});

describe('hashesAtOnce', () => {
  it('D4 leaves a processor, and a thread of the pool', () => {
    const all: readonly (readonly [number, string | undefined, number])[] = [
      [1, undefined, 1],
      [2, undefined, 1],
      [3, undefined, 2],
      [4, undefined, 3],
      [64, undefined, 3],
      [64, '16', 15],
      [8, '16', 7],
      [8, '2', 1],
      [8, '1', 1],
      [8, '0', 3],
      [8, '', 3],
      [8, 'many', 3],
      [8, '-2', 1],
    ];
    for (const [processors, poolSize, count] of all) {
      expect(hashesAtOnce(processors, poolSize), `${processors}, ${poolSize}`).to.equal(count);
    }
  });
});
