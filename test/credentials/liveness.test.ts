import { expect } from 'chai';

import { type IsActive, Liveness } from '../../lib/credentials/liveness.js';
import type { Principal } from '../../lib/types.js';
import { holdTimeouts } from '../support/clock.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';

const MS = 4321;
const ada: Principal = { subject: 'ada' };

function listening(isActive: IsActive | undefined): { liveness: Liveness; heard: Principal[]; stop(): void } {
  const liveness = new Liveness('guard', MS, isActive);
  const heard: Principal[] = [];
  const stop = liveness.onInactive((principal) => heard.push(principal));
  return { liveness, heard, stop };
}

/** What a question comes to, however it fails. */
async function outcome(ask: () => unknown): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    return error;
  }
}

describe('Liveness', () => {
  failsOnUnhandledRejections();

  it('takes everybody for active where nobody can tell', () => {
    expect(listening(undefined).liveness.ask(ada)).to.equal(true);
  });

  it('waits only where the verifier does', async () => {
    expect(listening(() => true).liveness.ask(ada)).to.equal(true);
    const answer = listening(async () => true).liveness.ask(ada);
    expect(answer).to.be.instanceOf(Promise);
    expect(await answer).to.equal(true);
  });

  for (const [name, isActive] of [
    ['at once', () => false],
    ['later', async () => false],
  ] as const) {
    it(`tells the listeners of a false that comes ${name}`, async () => {
      const { liveness, heard, stop } = listening(isActive);
      expect(await liveness.ask(ada)).to.equal(false);
      expect(heard).to.deep.equal([ada]);
      stop();
      await liveness.ask(ada);
      expect(heard).to.have.length(1);
    });
  }

  it('tells nobody of a true', async () => {
    const { liveness, heard } = listening(() => true);
    await liveness.ask(ada);
    expect(heard).to.deep.equal([]);
  });

  const fail = (): never => {
    throw new Error('down');
  };
  const outages: readonly (readonly [name: string, isActive: () => unknown])[] = [
    ['throws', fail],
    ['rejects', async () => fail()],
    ['answers undefined', () => undefined],
    ['answers 1', () => 1],
    ['answers a promise of a string', async () => 'yes'],
    ['answers null', () => null],
  ];
  it('names the guard whose isActive answers no boolean', async () => {
    const { liveness } = listening((() => 1) as unknown as IsActive);
    expect(await outcome(() => liveness.ask(ada))).to.have.property(
      'message',
      'guard: isActive must answer a boolean',
    );
  });

  for (const [name, isActive] of outages) {
    it(`is an outage, and no verdict, where isActive ${name}`, async () => {
      const { liveness, heard } = listening(isActive as IsActive);
      expect(await outcome(() => liveness.ask(ada))).to.be.instanceOf(Error);
      expect(heard).to.deep.equal([]);
    });
  }

  it('is an outage where isActive does not answer in time', async () => {
    using timeouts = holdTimeouts(MS);
    const { liveness, heard } = listening(() => new Promise<boolean>(() => {}));
    const asked = outcome(() => liveness.ask(ada));
    timeouts.fire();
    expect(await asked).to.be.instanceOf(Error);
    expect(heard).to.deep.equal([]);
  });
});
