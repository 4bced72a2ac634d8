import { expect } from 'chai';

import type { Ask } from '../../../lib/audit/target.js';
import type { Trial } from '../../../lib/audit/trial.js';
import { NoAnswer } from '../../../lib/audit/wire/exchange.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';
import { ADA, challenged, endpoint, KEY, reply, served, streaming, tried } from './tried.js';

const isPing = ({ message }: Ask): boolean => message?.method === 'ping';

describe('what a check leaves open, and says so', () => {
  const guesses = { count: 1, account: undefined };
  const legacySse = new URL('http://127.0.0.1/sse');
  const cases: readonly [
    check: string,
    note: string,
    answer: (ask: Ask) => Reply,
    setting?: Partial<Trial>,
  ][] = [
    [
      'brute-force',
      'the endpoint names neither Basic nor Bearer, and no credential was given',
      served,
      { guesses, first: undefined },
    ],
    ['brute-force', 'guess 1 was answered 200, and the guessing ended', served, { guesses }],
    ['brute-force', 'guess 1 was answered 200, and the guessing ended', served, { guesses, first: KEY }],
    ['origin', 'Origin null: the request was held up', () => reply(429)],
    [
      'resource-metadata',
      'it is on another origin, where nothing is sent',
      served,
      { uninvited: challenged('Bearer resource_metadata="https://elsewhere.example/x"') },
    ],
    [
      'session-ends',
      'DELETE is answered 405, as MCP allows: sessions are not ended by clients',
      (ask) => (ask.method === 'DELETE' ? reply(405) : served(ask)),
    ],
    [
      'session-ends',
      'DELETE by its owner is answered 500',
      (ask) => (ask.method === 'DELETE' ? reply(500) : served(ask)),
    ],
    [
      'session-ends',
      'unknown session: the request was held up',
      (ask) => (isPing(ask) ? reply(503) : served(ask)),
    ],
    [
      'session-ends',
      'ended session: the request was held up',
      (ask) => (isPing(ask) ? reply(429) : served(ask)),
    ],
    [
      'session-ends',
      'no further session could be begun',
      (ask) => (ask.message?.method === 'initialize' ? reply(503) : served(ask)),
    ],
    [
      'session-fixation',
      'initialize was held up',
      (ask) => (ask.session !== undefined && ask.message?.method === 'initialize' ? reply(429) : served(ask)),
    ],
    ['session-fixation', 'a session id that was made up is served, so ids say nothing there', served],
    [
      'session-hijack',
      'POST of a request: a session id that was made up is served, too, so ids say nothing there',
      served,
    ],
    ['session-hijack', 'POST of a notification: one for no session at all is accepted, too', served],
    [
      'session-hijack',
      'GET: a session id that was made up gets a stream, too',
      (ask) => (ask.method === 'GET' ? streaming() : served(ask)),
    ],
    [
      'session-hijack',
      'DELETE: the session does not answer its owner',
      (ask) => (isPing(ask) ? reply(404) : served(ask)),
    ],
    [
      'session-replay',
      'its own owner is replayed nothing, so there is nothing to steal',
      (ask) => (isPing(ask) ? streaming('id: 1\ndata: {}\n\n') : served(ask)),
    ],
    [
      'unauthenticated-access',
      'DELETE: the session does not answer its owner',
      (ask) => (isPing(ask) ? reply(404) : served(ask)),
    ],
    [
      'legacy-sse',
      'the stream names no URL of its own origin to send messages to',
      () => streaming(),
      { legacySse },
    ],
    [
      'legacy-sse',
      'the stream names no URL of its own origin to send messages to',
      () => endpoint('http://'),
      { legacySse },
    ],
    [
      'legacy-sse',
      'the stream names no URL of its own origin to send messages to',
      () => endpoint('http://elsewhere.example/messages'),
      { legacySse },
    ],
    [
      'legacy-sse',
      'whose session it is: no credential was given',
      () => endpoint('/messages?sessionId=x'),
      { legacySse, first: undefined },
    ],
    [
      'legacy-sse',
      'foreign and unknown session: one of the two was not refused',
      (ask) => (ask.method === 'GET' ? endpoint('/messages?sessionId=x') : reply(429)),
      { legacySse },
    ],
  ];
  for (const [check, note, answer, setting] of cases) {
    it(`${check}: ${note}`, async () => {
      expect((await tried(check, answer, setting)).notes).to.include(note);
    });
  }

  it('query-token: the given token is tried where that was asked for', async () => {
    const isOwn = ({ url }: Ask): boolean => url?.searchParams.get('access_token') === 'ada';
    const answer = (ask: Ask): Reply => (isOwn(ask) ? served(ask) : challenged('='));
    expect((await tried('query-token', answer, { tokenInQuery: true })).found).to.have.length(1);
    expect(await tried('query-token', answer)).to.deep.include({
      notes: ['the given token itself was not sent in a URL: nobody asked for it'],
      found: [],
    });
  });

  it('odd-session-ids: who answers nobody any more has crashed', async () => {
    const answer = (): never => {
      throw new NoAnswer('the connection was cut');
    };
    for (const who of [ADA, undefined]) {
      const { found } = await tried('odd-session-ids', answer, {
        served: who,
        hasSessions: who !== undefined,
      });
      expect(found).to.deep.equal(['high odd-session-id-crash']);
    }
  });

  for (const check of ['odd-session-ids', 'error-leaks']) {
    it(`${check}: a mistake of the audit itself is no finding`, async () => {
      const mistake = new TypeError('a mistake');
      const answer = (): never => {
        throw mistake;
      };
      expect(await tried(check, answer).catch((error: unknown) => error)).to.equal(mistake);
    });
  }
});
