import { expect } from 'chai';

import type { GuardNews } from '../../lib/events.js';
import { type Ended, Removals } from '../../lib/sessions/removals.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import { holdTimeouts } from '../support/clock.js';

interface Scene {
  readonly removals: Removals;
  /** What happened, in order. */
  readonly log: unknown[];
  /** What the store answers next: `true` where it has removed the record, an error where it is down. */
  answer: boolean | Error;
}

function sceneOf({ isShared }: { readonly isShared: boolean }): Scene {
  const log: unknown[] = [];
  const records = {
    isShared,
    delete: async (id: string, reason: string) => {
      log.push(['delete', id, reason]);
      if (scene.answer instanceof Error) throw scene.answer;
      return scene.answer;
    },
  };
  const publish = (news: GuardNews): void => {
    log.push([news.type, 'reason' in news && news.reason, news.principal, news.session]);
  };
  const removals = new Removals(records as unknown as StoredSessions, publish as never);
  const scene: Scene = { removals, log, answer: true };
  return scene;
}

const DOWN = new Error('down');

function endedOf(log: unknown[], id = 'a', endSession?: () => void | Promise<void>): Ended {
  return {
    id,
    owner: 'the owner',
    principal: { subject: 'ada' },
    reason: 'revoked',
    hooks: {
      endSession: (principal, about) => {
        log.push(['endSession', principal, about]);
        return endSession?.();
      },
    },
    onEndError: (error) => log.push(['told', (error as Error).message]),
  };
}

const undoneOf = (id: string): unknown => [
  'endSession',
  { subject: 'ada' },
  { sessionId: id, reason: 'revoked' },
];
const FAILED = ['server.failed', 'store_error', 'the owner', 'a'];
const GONE = ['delete', 'a', 'revoked'];

describe('Removals', () => {
  it('say whether it was this node that removed the record', async () => {
    const scene = sceneOf({ isShared: true });
    expect(await scene.removals.remove(endedOf(scene.log))).to.equal(true);
    scene.answer = false;
    expect(await scene.removals.remove(endedOf(scene.log))).to.equal(false);
    scene.removals.noteRemoved('a');
    expect(await scene.removals.remove(endedOf(scene.log))).to.equal(true);
    expect(await scene.removals.remove(endedOf(scene.log))).to.equal(false);
    expect(scene.log).to.deep.equal([GONE, GONE, GONE, GONE]);
    expect(scene.removals.isLeftBehind('a')).to.equal(false);
  });

  it('undo a login, and tell of one that could not be undone', async () => {
    const { removals, log } = sceneOf({ isShared: true });
    await removals.undo(endedOf(log));
    await removals.undo(endedOf(log));
    await removals.undo({ ...endedOf(log), hooks: undefined });
    await removals.undo({ ...endedOf(log), hooks: {} });
    expect(log).to.deep.equal([undoneOf('a'), undoneOf('a')]);
    log.length = 0;
    await removals.undo(endedOf(log, 'a', () => Promise.reject(new Error('no'))));
    await removals.undo({
      ...endedOf(log, 'a', () => Promise.reject(new Error('no'))),
      onEndError: undefined,
    });
    const failed = ['server.failed', 'end_session', 'the owner', 'a'];
    expect(log).to.deep.equal([undoneOf('a'), failed, ['told', 'no'], undoneOf('a'), failed]);
  });

  it('wait for 5 s for a login that is being undone', async () => {
    using timeouts = holdTimeouts(5000);
    const { removals, log } = sceneOf({ isShared: true });
    const undoing = removals.undo(endedOf(log, 'a', () => new Promise(() => {})));
    timeouts.fire();
    await undoing;
    expect(log[1]).to.deep.equal(['server.failed', 'end_session', 'the owner', 'a']);
  });

  describe('where the store of several nodes fails', () => {
    it('the record is left behind, and removed when the store is back; then the login is undone', async () => {
      const scene = sceneOf({ isShared: true });
      const { removals, log } = scene;
      scene.answer = DOWN;
      expect(await removals.remove(endedOf(log))).to.equal(false);
      expect(removals.isLeftBehind('a')).to.equal(true);
      await removals.retry();
      expect(removals.isLeftBehind('a')).to.equal(true);
      expect(log).to.deep.equal([GONE, FAILED, GONE]);
      scene.answer = true;
      await removals.retry();
      expect(log.slice(3)).to.deep.equal([GONE, undoneOf('a')]);
      expect(removals.isLeftBehind('a')).to.equal(false);
      await removals.retry();
      expect(log).to.have.lengthOf(5);
    });

    it('the login is undone by nobody twice: not here, where another node has removed the record', async () => {
      const scene = sceneOf({ isShared: true });
      scene.answer = DOWN;
      await scene.removals.remove(endedOf(scene.log));
      scene.answer = false;
      await scene.removals.retry();
      expect(scene.log).to.deep.equal([GONE, FAILED, GONE]);
      expect(scene.removals.isLeftBehind('a')).to.equal(false);
    });

    it('a removal that succeeds after all leaves nothing behind', async () => {
      const scene = sceneOf({ isShared: true });
      scene.answer = DOWN;
      await scene.removals.remove(endedOf(scene.log));
      scene.answer = true;
      expect(await scene.removals.remove(endedOf(scene.log))).to.equal(true);
      expect(scene.removals.isLeftBehind('a')).to.equal(false);
    });

    it('what fails again goes to the end of the row, and the rest is tried next time', async () => {
      const scene = sceneOf({ isShared: true });
      const { removals, log } = scene;
      scene.answer = DOWN;
      for (const id of ['a', 'b']) await removals.remove(endedOf(log, id));
      log.length = 0;
      await removals.retry();
      await removals.retry();
      await removals.retry();
      expect(log.map((entry) => (entry as string[])[1])).to.deep.equal(['a', 'b', 'a']);
    });
  });

  describe('where the store of one node fails', () => {
    it('the login is undone at once, and not again when the record is removed later', async () => {
      const scene = sceneOf({ isShared: false });
      const { removals, log } = scene;
      scene.answer = DOWN;
      expect(await removals.remove(endedOf(log))).to.equal(true);
      expect(removals.isLeftBehind('a')).to.equal(false);
      await removals.undo(endedOf(log));
      await removals.undo(endedOf(log));
      scene.answer = true;
      expect(await removals.remove(endedOf(log))).to.equal(true);
      await removals.undo(endedOf(log));
      expect(log).to.deep.equal([GONE, FAILED, undoneOf('a'), GONE]);
      // Nothing is kept of it: the next of that id is another.
      await removals.undo(endedOf(log));
      expect(log).to.have.lengthOf(5);
    });

    it('nothing is kept of it where the store has removed it by itself', async () => {
      const scene = sceneOf({ isShared: false });
      const { removals, log } = scene;
      scene.answer = DOWN;
      await removals.remove(endedOf(log));
      await removals.undo(endedOf(log));
      removals.noteGone('a');
      await removals.undo(endedOf(log));
      await removals.undo(endedOf(log));
      expect(log.slice(2)).to.deep.equal([undoneOf('a'), undoneOf('a'), undoneOf('a')]);
    });
  });
});
