import { expect } from 'chai';

import type { Ask } from '../../../lib/audit/target.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';
import { ADA, KEY, NOBODY, reply, served, streaming, tried } from './tried.js';

const isNobody = ({ as }: Ask): boolean => as === NOBODY;

describe('the checks of credentials', () => {
  it('unusable-credentials: what breaks a server is a 500', async () => {
    for (const [status, found] of [
      [500, ['low unusable-credential-breaks-server']],
      [501, []],
      [503, []],
      [401, []],
    ] as const) {
      const outcome = await tried('unusable-credentials', () => reply(status));
      expect(outcome.found, String(status)).to.deep.equal(found);
      expect(outcome.held).to.equal(2 - found.length);
    }
    expect((await tried('unusable-credentials', served)).evidence).to.have.length(8);
  });

  it('wrong-credentials: what is held up proves nothing, what breaks a server is a 5xx', async () => {
    for (const status of [429, 503]) {
      const { found, notes } = await tried('wrong-credentials', () => reply(status));
      expect([found, notes]).to.deep.equal([
        [],
        ['a made-up Bearer token', 'a made-up user and password', 'the first credential, made wrong'].map(
          (who) => `${who}: the request was held up`,
        ),
      ]);
    }
    for (const [status, found] of [
      [499, []],
      [500, ['low wrong-credential-breaks-server']],
      [502, ['low wrong-credential-breaks-server']],
    ] as const) {
      expect((await tried('wrong-credentials', () => reply(status))).found, String(status)).to.deep.equal(
        found,
      );
    }
    const { asked } = await tried('wrong-credentials', () => reply(401), { first: undefined });
    expect(asked).to.have.length(2);
  });

  it('two-credentials: it takes a credential in Authorization, and an endpoint that asks for one', async () => {
    const why = 'the first credential is not in Authorization, or there is none';
    for (const first of [KEY, undefined]) {
      const { notes, asked } = await tried('two-credentials', served, { first });
      expect([notes, asked.length]).to.deep.equal([[why], 0]);
    }
    const open = await tried('two-credentials', served, { open: ['2025-11-25'] });
    expect([open.notes, open.asked.length]).to.deep.equal([
      ['no credential is needed, so that a second one changes nothing'],
      0,
    ]);
    expect(await tried('two-credentials', () => reply(400))).to.deep.include({ found: [], held: 1 });
    expect((await tried('two-credentials', served)).evidence.map(({ sent }) => sent)).to.deep.equal([
      'two Authorization headers: the first credential’s, then one that cannot be read',
      'two Authorization headers: one that cannot be read, then the first credential’s',
    ]);
  });

  describe('unauthenticated-access', () => {
    const right = (ask: Ask): Reply => (isNobody(ask) ? reply(401) : served(ask));

    it('asks for the tools in each era that is served, or in the older one', async () => {
      const listed = async (eras: readonly ('2025-11-25' | '2026-07-28')[]): Promise<readonly unknown[]> => {
        const { asked } = await tried('unauthenticated-access', right, { eras });
        return asked
          .filter(({ message }) => message?.method === 'tools/list')
          .map(({ message }) => message?.headers[0]?.[1]);
      };
      expect(await listed([])).to.deep.equal(['2025-11-25']);
      expect(await listed(['2026-07-28'])).to.deep.equal(['2026-07-28']);
      expect(await listed(['2025-11-25', '2026-07-28'])).to.deep.equal(['2025-11-25', '2026-07-28']);
    });

    it('asks in a session of nobody’s, where nobody can begin one', async () => {
      const open = ['2025-11-25', '2026-07-28'] as const;
      const { asked, evidence } = await tried('unauthenticated-access', served, { open, eras: open });
      const byNobody = asked.filter(isNobody);
      expect(
        byNobody.map(({ method = 'POST', message, session }) => [
          method,
          message?.method,
          session !== undefined,
        ]),
      ).to.deep.equal([
        ['POST', 'initialize', false],
        ['POST', 'notifications/initialized', true],
        ['POST', 'tools/list', true],
        ['POST', 'tools/list', false],
        ['GET', undefined, true],
        ['DELETE', undefined, true],
      ]);
      expect(evidence.map(({ sent }) => sent)).to.deep.equal([
        'the first request of 2025-11-25, with no credential',
        'the first request of 2026-07-28, with no credential',
        'tools/list (2025-11-25), with no credential',
        'tools/list (2026-07-28), with no credential',
      ]);
      const modern = await tried('unauthenticated-access', served, {
        open: ['2026-07-28'],
        eras: ['2026-07-28'],
      });
      expect(
        modern.asked.filter(isNobody).every(({ session, method }) => !session || method === 'DELETE'),
      ).to.equal(true);
    });

    it('finds a stream, and a session that was ended', async () => {
      const stream = await tried('unauthenticated-access', (ask) =>
        isNobody(ask) ? (ask.method === 'GET' ? streaming() : reply(401)) : served(ask),
      );
      expect(stream.found).to.deep.equal(['high unauthenticated-stream']);
      let isEnded = false;
      const ending = await tried('unauthenticated-access', (ask) => {
        if (isNobody(ask)) isEnded ||= ask.method === 'DELETE';
        return isNobody(ask) || (isEnded && ask.message?.method === 'ping') ? reply(401) : served(ask);
      });
      expect([ending.found, ending.evidence.length]).to.deep.equal([['medium unauthenticated-delete'], 2]);
    });

    it('ends a session of the first credential alone', async () => {
      const why = ['DELETE: there is no session that a credential began'];
      for (const setting of [{ first: undefined }, { hasSessions: false }]) {
        const { notes, asked } = await tried('unauthenticated-access', right, setting);
        expect([notes, asked.some(({ as }) => as === ADA)]).to.deep.equal([why, false]);
      }
      const refused = await tried('unauthenticated-access', () => reply(401));
      expect(refused.notes).to.deep.equal(why);
    });
  });
});
