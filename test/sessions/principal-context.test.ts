import { expect } from 'chai';

import { currentPrincipal, runAs } from '../../lib/sessions/principal-context.js';
import { ada, eve } from './support.js';

describe('currentPrincipal', () => {
  it('is nobody outside', () => {
    expect(currentPrincipal()).to.equal(undefined);
    runAs(ada, () => {});
    expect(currentPrincipal()).to.equal(undefined);
  });

  it('is whom the work runs as, also in what it starts and waits for', async () => {
    const seen: (string | undefined)[] = [];
    await runAs(ada, async () => {
      seen.push(currentPrincipal()?.subject);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(currentPrincipal()?.subject);
      await new Promise<void>((resolve) => {
        setTimeout(() => {
          seen.push(currentPrincipal()?.subject);
          resolve();
        }, 1);
      });
    });
    expect(seen).to.deep.equal(['ada', 'ada', 'ada']);
  });

  it('C7 keeps people apart who work at the same time, and nests', async () => {
    const whoAfterAWhile = async (): Promise<string | undefined> => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentPrincipal()?.subject;
    };
    const outer = runAs(ada, async () => [await runAs(eve, whoAfterAWhile), await whoAfterAWhile()]);
    expect(await Promise.all([outer, runAs(eve, whoAfterAWhile)])).to.deep.equal([['eve', 'ada'], 'eve']);
  });

  it('answers what the work answers', () => {
    expect(runAs(ada, () => 5)).to.equal(5);
  });
});
