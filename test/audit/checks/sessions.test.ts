import { expect } from 'chai';

import type { Ask } from '../../../lib/audit/target.js';
import type { Trial } from '../../../lib/audit/trial.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';
import { ADA, BEN, NOBODY, reply, served, streaming, tried } from './tried.js';

const ID = '0123456789abcdef0123456789abcdef';
const isStranger = ({ as }: Ask): boolean => as !== ADA;
/** What gives out this id, and serves its owner alone. */
const right = (ask: Ask): Reply => (isStranger(ask) ? reply(404) : withId(served(ask)));
const withId = (given: Reply, id = ID): Reply => ({
  ...given,
  rawHeaders: [...given.rawHeaders.slice(0, 2), 'Mcp-Session-Id', id],
});

describe('the checks of sessions', () => {
  for (const check of ['session-hijack', 'session-oracle', 'session-replay']) {
    it(`${check}: it takes two people, and a session`, async () => {
      const alone = await tried(check, right, { second: undefined });
      expect([alone.notes, alone.asked.length]).to.deep.equal([['no second credential was given'], 0]);
      const without = await tried(check, right, { hasSessions: false });
      expect([without.notes, without.asked.length, without.held]).to.deep.equal([
        ['the endpoint gives out no session ids'],
        0,
        0,
      ]);
    });
  }

  it('session-without-credential: it takes somebody, and a session', async () => {
    const nobody = await tried('session-without-credential', right, { first: undefined });
    expect([nobody.notes, nobody.asked.length]).to.deep.equal([['no credential was given'], 0]);
    const without = await tried('session-without-credential', right, { hasSessions: false });
    expect([without.asked.length, without.held]).to.deep.equal([0, 0]);
  });

  it('session-without-credential: either of two ways proves it', async () => {
    for (const [post, get, proofs] of [
      [false, false, 0],
      [true, false, 1],
      [false, true, 1],
      [true, true, 2],
    ] as const) {
      const answer = (ask: Ask): Reply => {
        if (!isStranger(ask)) return withId(served(ask));
        if (ask.method === 'GET') return get ? streaming() : reply(401);
        return post ? served(ask) : reply(401);
      };
      const { evidence, held } = await tried('session-without-credential', answer);
      expect([evidence.length, held]).to.deep.equal([proofs, proofs > 0 ? 0 : 1]);
    }
  });

  describe('session-hijack', () => {
    it('holds where a stranger is refused in each way', async () => {
      expect(await tried('session-hijack', right)).to.deep.include({ found: [], notes: [], held: 4 });
    });

    it('makes up ids of the same shape to compare with', async () => {
      const answer = (ask: Ask): Reply => {
        if (!isStranger(ask)) return withId(served(ask));
        if (ask.session !== ID) return reply(404);
        return ask.method === 'GET' ? streaming() : served(ask);
      };
      const { found, asked } = await tried('session-hijack', answer);
      expect(found).to.deep.equal(['high hijack-request', 'high hijack-notification', 'high hijack-stream']);
      const made = asked.map(({ session }) => session).filter((id) => id !== undefined && id !== ID);
      expect(made).to.have.length(3);
      for (const id of made) expect(id).to.match(/^\d{10}[a-f]{6}\d{10}[a-f]{6}$/);
    });
  });

  describe('session-oracle', () => {
    const statuses = async (foreign: number, unknown: number): Promise<readonly unknown[]> => {
      const answer = (ask: Ask): Reply =>
        isStranger(ask) ? reply(ask.session === ID ? foreign : unknown) : withId(served(ask));
      const { found, notes, evidence, held } = await tried('session-oracle', answer);
      return [found.length, notes.length, evidence.length, held];
    };

    it('compares two refusals, in three ways', async () => {
      expect(await statuses(404, 404)).to.deep.equal([0, 0, 0, 1]);
      expect(await statuses(403, 404)).to.deep.equal([1, 0, 6, 0]);
    });

    it('compares nothing where one of the two is none', async () => {
      for (const [foreign, unknown] of [
        [200, 404],
        [404, 200],
        [429, 404],
        [404, 503],
      ] as const) {
        expect(await statuses(foreign, unknown)).to.deep.equal([0, 3, 0, 0]);
      }
    });

    it('looks over the ids that an answer repeats', async () => {
      const answer = (ask: Ask): Reply =>
        isStranger(ask) ? reply(404, {}, `no session ${ask.session}`) : withId(served(ask), 'gh_Zk-93');
      expect(await tried('session-oracle', answer)).to.deep.include({ found: [], held: 1 });
    });

    it('says which way could not be compared', async () => {
      const answer = (ask: Ask): Reply =>
        isStranger(ask) ? reply(ask.method === 'GET' ? 405 : 202) : withId(served(ask));
      expect(await tried('session-oracle', answer)).to.deep.include({
        ...{ found: [], held: 1 },
        notes: ['ping: one of the two was not refused', 'DELETE: one of the two was not refused'],
      });
    });
  });

  describe('session-ids', () => {
    const given = (...ids: readonly string[]) => {
      let at = 0;
      return (ask: Ask): Reply => {
        if (ask.message?.method !== 'initialize') return served(ask);
        const id = ids[at] ?? '';
        at += 1;
        return id === '' ? reply(503) : withId(served(ask), id);
      };
    };
    const found = async (...ids: readonly string[]): Promise<readonly string[]> => {
      const outcome = await tried('session-ids', given(...ids));
      return [...outcome.found, ...outcome.evidence.map(({ seen }) => seen), ...outcome.notes];
    };
    const few = ['fewer than two sessions with an id could be begun'];

    it('are compared, five of them, or as many as there are', async () => {
      const { asked } = await tried('session-ids', right);
      expect(asked.filter(({ message }) => message?.method === 'initialize')).to.have.length(5);
      expect(await found()).to.deep.equal(few);
      expect(await found(ID)).to.deep.equal(few);
      for (const setting of [{ hasSessions: false }, { served: undefined }]) {
        const outcome = await tried('session-ids', right, setting);
        expect([outcome.notes, outcome.asked.length]).to.deep.equal([few, 0]);
      }
    });

    it('may have 64 bits, and no less', async () => {
      expect(await found(`${'0'.repeat(15)}a`, `${'f'.repeat(15)}1`)).to.deep.equal([]);
      expect(await found(`${'0'.repeat(14)}a`, `${'f'.repeat(14)}1`)).to.deep.equal([
        ...['high session-id-guessable', 'at most 60 bits of entropy in what differs between the ids'],
      ]);
      const { evidence } = await tried('session-ids', given('1', '2', '3'));
      expect(evidence[0]?.sent).to.equal('initialize, 3 times');
    });

    it('differ, and repeat nothing', async () => {
      expect(await found(ID, ID, `${ID}0`)).to.deep.equal(['high session-id-repeats', '2 different ids']);
    });

    it('are visible ASCII', async () => {
      const ends = (odd: string): string[] => [`a${ID}${odd}`, `${odd}${[...ID].reverse().join('')}b`];
      for (const fine of ['!', '~']) expect(await found(...ends(fine))).to.deep.equal([]);
      for (const odd of [' ', '\x7f', '\x80', '\t', '\u00e9']) {
        expect(await found(...ends(odd)), odd).to.deep.equal([
          'low session-id-characters',
          '2 ids with other characters',
        ]);
      }
    });
  });

  describe('session-replay', () => {
    const event = (ask: Ask): Reply => {
      const plain = served(ask);
      const head =
        ask.message?.method === 'initialize' ? ['Mcp-Session-Id', ask.as === ADA ? ID : 'own'] : [];
      const text = `event: first\ndata:\n\nid: 7\ndata: ${plain.text}\n\n`;
      return { ...plain, rawHeaders: ['Content-Type', 'text/event-stream', ...head], text };
    };
    /** Replays the last ping to whom `serves` says. */
    const replaying = (serves: (ask: Ask) => boolean) => {
      let last = '';
      return (ask: Ask): Reply => {
        if (ask.method === 'GET') return serves(ask) ? streaming(last) : reply(404);
        const answered = event(ask);
        if (ask.message?.method === 'ping') last = answered.text;
        return answered;
      };
    };
    const toOwner = ({ as }: Ask): boolean => as === ADA;

    it('holds where its owner alone is replayed anything', async () => {
      const { found, notes, held, asked } = await tried('session-replay', replaying(toOwner));
      expect([found, notes, held]).to.deep.equal([[], [], 1]);
      const gets = asked.filter(({ method }) => method === 'GET');
      expect(gets.map(({ as, session }) => [as.name, session])).to.deep.equal([
        [ADA.name, ID],
        [BEN.name, ID],
        [BEN.name, 'own'],
        [NOBODY.name, ID],
      ]);
      for (const { headers, timeoutMs } of gets) {
        expect([headers, timeoutMs]).to.deep.equal([[['Last-Event-ID', '7']], 1500]);
      }
    });

    it('tells each of three ways', async () => {
      for (const [serves, sent] of [
        [
          ({ as, session }: Ask) => as === BEN && session === ID,
          'GET in the session of the first credential, with the second credential',
        ],
        [({ as, session }: Ask) => as === BEN && session !== ID, 'GET in a session of the second credential'],
        [({ as }: Ask) => as === NOBODY, 'GET in the session of the first credential, with no credential'],
      ] as const) {
        const answer = replaying((ask) => toOwner(ask) || serves(ask));
        expect((await tried('session-replay', answer)).evidence).to.deep.equal([
          { sent: `${sent}, with Last-Event-ID of the first`, seen: 'the answer to the first’s own request' },
        ]);
      }
    });

    it('does not ask as nobody where nobody is served as well, nor in a session that there is not', async () => {
      const open: Partial<Trial> = { open: ['2025-11-25'] };
      expect(
        (
          await tried(
            'session-replay',
            replaying(() => true),
            open,
          )
        ).evidence,
      ).to.have.length(2);
      const refusing = replaying(() => true);
      const answer = (ask: Ask): Reply =>
        ask.as === BEN && ask.method !== 'GET' ? reply(503) : refusing(ask);
      expect((await tried('session-replay', answer)).evidence).to.have.length(2);
    });

    it('needs ids of events, and a replay', async () => {
      expect((await tried('session-replay', right)).notes).to.deep.equal([
        'answers carry no event ids, so there is nothing to resume',
      ]);
      expect(
        (
          await tried(
            'session-replay',
            replaying(() => false),
          )
        ).notes,
      ).to.deep.equal(['its own owner is replayed nothing, so there is nothing to steal']);
      const other = (ask: Ask): Reply =>
        ask.method === 'GET' ? streaming('data: {"jsonrpc":"2.0","id":"other","result":{}}\n\n') : event(ask);
      expect((await tried('session-replay', other)).notes).to.have.length(1);
    });
  });
});
