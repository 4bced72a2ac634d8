import { expect } from 'chai';

import { basicIn, basicValue } from '../../../lib/audit/actor.js';
import type { Ask } from '../../../lib/audit/target.js';
import type { Trial } from '../../../lib/audit/trial.js';
import { NoAnswer } from '../../../lib/audit/wire/exchange.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';
import { ADA, challenged, endpoint, NOBODY, reply, served, streaming, tried } from './tried.js';

const BASIC = { name: 'the first credential', headers: [['Authorization', basicValue('ada', 'x')]] } as const;
const LONG_KEY = { name: 'the first credential', headers: [['X-Api-Key', 'key-of-ada-0123456789']] } as const;
const guesses = { count: 2, account: undefined };
const ID = '0123456789abcdef';
const legacySse = new URL('http://127.0.0.1/sse');

describe('the edges of a check', () => {
  describe('brute-force', () => {
    const guessed = async (
      uninvited: Reply,
      setting: Partial<Trial>,
    ): Promise<readonly (string | undefined)[]> => {
      const answer = (): Reply => reply(401);
      const { asked, found } = await tried('brute-force', answer, { guesses, uninvited, ...setting });
      const values = asked.map(({ as }) => as.headers.map(([name, value]) => `${name}: ${value}`).join());
      expect(new Set(values).size).to.equal(2);
      return [found.join(), ...asked.map(({ as }) => as.name)];
    };

    it('guesses as a challenge asks for it, else as the first credential is made', async () => {
      const passwords = ['medium guesses-unlimited', 'a guess', 'a guess'];
      const tokens = ['advice token-guesses-unlimited', 'a guess', 'a guess'];
      const bearer = challenged('Bearer realm="x"');
      const basic = challenged('Basic realm="x"');
      expect(await guessed(basic, { first: undefined })).to.deep.equal(passwords);
      expect(await guessed(bearer, { first: undefined })).to.deep.equal(tokens);
      expect(await guessed(challenged('Bearer realm="x", Basic realm="y"'), {})).to.deep.equal(passwords);
      expect(await guessed(reply(401), { first: BASIC })).to.deep.equal(passwords);
      expect(await guessed(challenged('='), { first: ADA })).to.deep.equal(tokens);
      expect(await guessed(bearer, { first: LONG_KEY })).to.deep.equal(tokens);
      const wrong = 'the first credential, made wrong';
      expect(await guessed(reply(401), { first: LONG_KEY })).to.deep.equal([
        'advice token-guesses-unlimited',
        wrong,
        wrong,
      ]);
    });

    it('guesses at the account that it is told, with tokens that nobody has', async () => {
      const at = { guesses: { count: 1, account: 'bob' }, uninvited: challenged('Basic realm="x"') };
      const { asked } = await tried('brute-force', () => reply(401), at);
      expect(basicIn(asked[0]?.as.headers ?? [])).to.have.property('username', 'bob');
      const unknown = await tried('brute-force', () => reply(401), { ...at, guesses });
      const names = unknown.asked.map(({ as }) => basicIn(as.headers)?.username);
      expect(names[0])
        .to.match(/^audit-\w{32}$/)
        .and.to.equal(names[1]);
      const token = { guesses, uninvited: challenged('Bearer realm="x"') };
      const { asked: tokens } = await tried('brute-force', () => reply(401), token);
      expect(tokens[0]?.as.headers[0]?.[1]).to.match(/^Bearer audit-\w{32}$/);
    });

    it('is content with a limit, and wants to know until when', async () => {
      for (const [headers, found] of [
        [{}, ['advice throttle-without-retry-after']],
        [{ 'Retry-After': '5' }, []],
      ] as const) {
        const outcome = await tried('brute-force', () => reply(429, headers), { guesses });
        expect([outcome.found, outcome.asked.length, outcome.held]).to.deep.equal([
          found,
          1,
          1 - found.length,
        ]);
      }
    });
  });

  describe('challenges', () => {
    const judged = async (uninvited: Reply, wrong: Reply): Promise<readonly string[]> => {
      const { found, notes } = await tried('challenges', () => wrong, { uninvited });
      return [...found, ...notes];
    };
    const good = challenged('Bearer realm="x"');
    const told = challenged('Bearer realm="x", error="invalid_token"');
    const malformed = 'low challenge-malformed';

    it('are well formed each', async () => {
      for (const line of [
        'Basic realm="x"',
        'Basic realm="x", Bearer realm="y"',
        'Digest a="b"',
        'Negotiate',
      ]) {
        expect(await judged(challenged(line), challenged(line)), line).to.not.include(malformed);
      }
      for (const line of [
        'Basic realm="x", Bearer',
        'Bearer, Basic realm="x"',
        'Basic charset="UTF-8"',
        'Bearer',
        '=',
      ]) {
        expect(await judged(challenged(line), told), line).to.deep.equal([malformed]);
      }
    });

    it('say invalid_token after a wrong token, at least one of Bearer', async () => {
      const silent = 'low challenge-without-invalid-token';
      expect(await judged(good, told)).to.deep.equal([]);
      expect(await judged(good, good)).to.deep.equal([silent]);
      const both = challenged('Bearer realm="x", Bearer realm="y", error="invalid_token"');
      expect(await judged(good, both)).to.deep.equal([]);
      expect(await judged(good, challenged('Bearer realm="x", error="other"'))).to.deep.equal([silent]);
      expect(await judged(good, challenged('Basic realm="x"'))).to.deep.equal([]);
      expect(await judged(told, told)).to.deep.equal(['low challenge-error-without-credentials']);
    });

    it('are not judged where it was not the credential that was refused', async () => {
      for (const held of [reply(429), reply(503)]) {
        expect(await judged(good, held)).to.deep.equal([
          'a request with a made-up Bearer token: it was not refused for its credential',
        ]);
        expect(await judged(held, told)).to.deep.equal([
          'a request with no credential: it was not refused for its credential',
        ]);
      }
      const { notes } = await tried('challenges', served, { uninvited: good });
      expect(notes).to.deep.equal([
        'a request with a made-up Bearer token: it was not refused for its credential',
      ]);
      expect(await judged(reply(400), reply(403))).to.deep.equal([
        'low refusal-status',
        'low refusal-status',
      ]);
    });
  });

  it('content-type: it is worse where no credential is asked for', async () => {
    expect((await tried('content-type', served)).found).to.deep.equal(['low plain-text-served']);
    const open = { open: ['2025-11-25'] } as const;
    expect((await tried('content-type', served, open)).found).to.deep.equal(['medium plain-text-served']);
  });

  it('cors: all origins may be allowed without credentials', async () => {
    const found = async (origin: string, credentials?: string): Promise<readonly string[]> => {
      const headers = {
        'Access-Control-Allow-Origin': origin,
        ...(credentials !== undefined && { 'Access-Control-Allow-Credentials': credentials }),
      };
      return (await tried('cors', () => reply(200, headers))).found;
    };
    expect(await found('*')).to.deep.equal([]);
    expect(await found('*', 'false')).to.deep.equal([]);
    expect(await found(' * ', ' true ')).to.deep.equal(['low cors-any-origin-with-credentials']);
    expect(await found('https://audit.invalid')).to.deep.equal(['medium cors-reflects-origin']);
    expect(await found('https://app.example', 'true')).to.deep.equal([]);
  });

  describe('error-leaks', () => {
    it('provokes as nobody where no credential was given', async () => {
      const { asked, held } = await tried('error-leaks', () => reply(400), { first: undefined });
      expect([asked.length, held]).to.deep.equal([8, 6]);
      expect(new Set(asked.map(({ as }) => as))).to.deep.equal(new Set([NOBODY]));
    });

    it('takes no outage for a fault, and says where the connection was cut', async () => {
      expect((await tried('error-leaks', () => reply(503))).found).to.deep.equal([]);
      for (const status of [500, 502]) {
        expect((await tried('error-leaks', () => reply(status))).found).to.deep.equal([
          'low malformed-breaks-server',
        ]);
      }
      const answer = ({ method }: Ask): Reply => {
        if (method === 'GET') throw new NoAnswer('socket hang up');
        return reply(400);
      };
      expect(await tried('error-leaks', answer)).to.deep.include({
        found: [],
        notes: Array.from({ length: 2 }, () => 'GET as a browser sends it: socket hang up'),
      });
    });
  });

  describe('legacy-sse', () => {
    const named = endpoint(`/messages?sessionId=${ID}`);
    const isGet = ({ method }: Ask): boolean => method === 'GET';
    const ask = (answer: (ask: Ask) => Reply, setting: Partial<Trial> = {}) =>
      tried('legacy-sse', answer, { legacySse, ...setting });

    it('does nothing where no endpoint was given', async () => {
      expect(await tried('legacy-sse', served)).to.deep.equal({
        ...{ notes: ['no endpoint of that transport was given (--legacy-sse)'] },
        ...{ found: [], evidence: [], asked: [], held: 0 },
      });
    });

    it('closes its streams', async () => {
      const signals: (AbortSignal | undefined)[] = [];
      const target = {
        ask: ({ isEnough, signal }: Ask) =>
          new Promise<Reply>((resolve) => {
            signals.push(signal);
            isEnough?.(named);
            signal?.addEventListener('abort', () => resolve(named));
          }),
      };
      await ask(served, { target: target as never, first: undefined });
      expect(signals.map((signal) => signal?.aborted)).to.deep.equal([true, true]);
    });

    it('takes an answer on the stream for a proof, and nothing else', async () => {
      // The stream is over at once, so that no answer can come: to accept a message proves nothing.
      const accepting = await ask((asked) => (isGet(asked) && asked.as === ADA ? named : reply(202)));
      expect(accepting.found).to.deep.equal([]);
      // The ids of pings are counted: each of these streams holds the answers to all that are to come.
      for (const [who, found] of [
        ['the second credential', ['high sse-hijack']],
        ['the first credential', []],
      ] as const) {
        let text = named.text;
        const answer = (asked: Ask): Reply => {
          if (isGet(asked))
            return {
              ...named,
              get text() {
                return text;
              },
            } as Reply;
          if (asked.as.name === who)
            text += `data: {"jsonrpc":"2.0","id":"${asked.message?.id}","result":{}}\n\n`;
          return reply(asked.as === ADA ? 202 : 403);
        };
        const outcome = await ask((asked) =>
          asked.as === NOBODY && isGet(asked) ? reply(401) : answer(asked),
        );
        expect(outcome.found, who).to.deep.equal(found);
        expect(outcome.notes, who).to.deep.equal([]);
        // No stream for nobody, and where nothing was found both that and that the refusals are alike.
        expect(outcome.held, who).to.equal(found.length > 0 ? 1 : 3);
      }
    });

    it('compares two refusals alone', async () => {
      for (const [foreign, unknown, found, notes] of [
        [403, 404, ['low sse-session-oracle'], 0],
        [404, 404, [], 0],
        [202, 404, [], 1],
        [404, 202, [], 1],
        [429, 404, [], 1],
        [404, 503, [], 1],
        [503, 503, [], 1],
      ] as const) {
        const answer = (asked: Ask): Reply => {
          if (isGet(asked)) return asked.as === NOBODY ? reply(401) : named;
          return reply(asked.url?.searchParams.get('sessionId') === ID ? foreign : unknown);
        };
        const outcome = await ask(answer);
        expect([outcome.found, outcome.notes.length], `${foreign} ${unknown}`).to.deep.equal([found, notes]);
      }
      const alone = await ask((asked) => (isGet(asked) ? named : reply(404)), { second: undefined });
      expect([alone.found.length, alone.notes.length]).to.deep.equal([1, 0]);
    });

    it('waits for the event that names where to send messages, and takes no other for it', async () => {
      const text = `event: hello\ndata: http://elsewhere.example/\n\n${named.text}`;
      const answer = (asked: Ask): Reply => (isGet(asked) ? streaming(text) : reply(404));
      expect((await ask(answer)).notes).to.deep.equal([]);
      const other = streaming('event: hello\ndata: /messages\n\n');
      expect((await ask((asked) => (isGet(asked) ? other : reply(404)))).notes).to.deep.equal([
        'the stream names no URL of its own origin to send messages to',
      ]);
    });

    it('looks over what is no message', async () => {
      const odd = ['null', '5', '"x"', '{', '{"id":5}'].map((data) => `data: ${data}\n\n`).join('');
      const stream = streaming(named.text + odd);
      expect(await ask((asked) => (isGet(asked) && asked.as === ADA ? stream : reply(404)))).to.deep.include({
        ...{ found: [], notes: [] },
      });
    });

    it('says what it found instead of a stream', async () => {
      expect((await ask(() => reply(404, { 'Content-Type': 'text/html' }))).notes).to.deep.equal([
        'no stream was opened: 404, text/html',
      ]);
      expect((await ask(() => streaming())).found).to.deep.equal(['high sse-unauthenticated']);
    });
  });

  it('modern-headers: it is asked where that era is served alone', async () => {
    const outcome = await tried('modern-headers', served);
    expect(outcome.notes).to.deep.equal([
      '2026-07-28 is not served to the first credential, or nothing without one',
    ]);
    expect([outcome.asked.length, outcome.held]).to.deep.equal([0, 0]);
  });

  describe('odd-session-ids', () => {
    it('are not sent where ids mean nothing', async () => {
      const outcome = await tried('odd-session-ids', served, { hasSessions: false });
      expect([outcome.notes, outcome.asked.length]).to.deep.equal([
        ['the endpoint gives out no session ids'],
        0,
      ]);
      const uncredentialed = await tried('odd-session-ids', () => reply(401), {
        hasSessions: false,
        served: undefined,
      });
      expect(uncredentialed.asked.map(({ as }) => as)).to.deep.equal(Array.from({ length: 4 }, () => NOBODY));
    });

    it('break a server that answers 5xx, unless it says when to come back', async () => {
      const { found, evidence } = await tried('odd-session-ids', () => reply(500));
      expect(found).to.deep.equal(['medium odd-session-id-error']);
      expect(evidence.map(({ sent, seen }) => `${sent} ${seen}`)).to.deep.equal([
        ...['constructor', '__proto__', 'toString'].map((id) => `ping with Mcp-Session-Id: ${id} 500`),
        `ping with Mcp-Session-Id: ${'x'.repeat(20)} 500`,
      ]);
      for (const fine of [reply(503, { 'Retry-After': '1' }), reply(499)]) {
        expect(await tried('odd-session-ids', () => fine)).to.deep.include({ found: [], held: 1 });
      }
    });

    it('have cut the connection, or ended the process', async () => {
      for (const who of [ADA, undefined]) {
        const answer = ({ as, session }: Ask): Reply => {
          expect(as).to.equal(who ?? NOBODY);
          if (session !== undefined) throw new NoAnswer('socket hang up');
          return reply(401);
        };
        const cut = await tried('odd-session-ids', answer, { served: who });
        expect([cut.found, cut.evidence.length]).to.deep.equal([['medium odd-session-id-error'], 4]);
        expect(cut.evidence[0]).to.deep.equal({
          ...{ sent: 'ping with Mcp-Session-Id: constructor', seen: 'socket hang up' },
        });
      }
      const gone = await tried('odd-session-ids', () => {
        throw new NoAnswer('socket hang up');
      });
      expect(gone.evidence).to.deep.equal([
        {
          sent: 'ping with Mcp-Session-Id: constructor',
          seen: 'socket hang up; nothing answers any more',
        },
      ]);
    });
  });

  it('other-methods: a TRACE that is refused echoes nothing, and no session is begun where there is none', async () => {
    const echo = ({ method, headers = [] }: Ask): Reply =>
      reply(method === 'TRACE' ? 405 : 401, {}, headers.flat().join());
    const outcome = await tried('other-methods', echo, { hasSessions: false });
    expect(outcome.found).to.deep.equal([]);
    expect(outcome.asked.map(({ method }) => method)).to.deep.equal([
      'HEAD',
      'OPTIONS',
      'PUT',
      'PATCH',
      'TRACE',
    ]);
    const silent = await tried('other-methods', ({ method }) => reply(method === 'TRACE' ? 200 : 401), {
      served: undefined,
    });
    expect([silent.found, silent.asked.length]).to.deep.equal([[], 5]);
  });

  it('query-token: the given token proves it, where it was sent', async () => {
    const isOwn = ({ url }: Ask): boolean => url?.searchParams.get('access_token') === 'ada';
    const outcome = await tried('query-token', (ask) => (isOwn(ask) ? served(ask) : reply(401)), {
      tokenInQuery: true,
    });
    expect(outcome.evidence).to.deep.equal([
      {
        sent: 'a request with the first credential’s token in its query, and no other credential',
        seen: '200 with a JSON-RPC result',
      },
    ]);
    for (const first of [BASIC, LONG_KEY, undefined]) {
      const { asked, notes } = await tried('query-token', () => reply(401), { first, tokenInQuery: true });
      expect([asked.length, notes]).to.deep.equal([2, []]);
    }
  });

  it('resource-metadata: it is that of any challenge, and says whose it is', async () => {
    const uninvited = challenged('Basic realm="x", Bearer resource_metadata="http://127.0.0.1/m"');
    const found = async (answer: Reply): Promise<readonly string[]> =>
      (await tried('resource-metadata', () => answer, { uninvited })).found;
    const unreachable = ['low resource-metadata-unreachable'];
    expect(await found(reply(200, {}, '{"resource":"http://127.0.0.1/mcp"}'))).to.deep.equal([]);
    expect(await found(reply(404, {}, '{"resource":"http://127.0.0.1/mcp"}'))).to.deep.equal(unreachable);
    for (const text of ['{}', 'null', '', '{"resource":5}']) {
      expect(await found(reply(200, {}, text)), text).to.deep.equal(unreachable);
    }
    const malformed = await tried('resource-metadata', served, { uninvited: challenged('=') });
    expect(malformed.notes).to.deep.equal(['no challenge names any']);
  });

  it('session-fixation: it takes a session that has an id', async () => {
    const why = 'the endpoint gives out no session ids, or serves nothing without a credential';
    for (const setting of [{ hasSessions: false }, { served: undefined }]) {
      const { notes, asked } = await tried('session-fixation', served, setting);
      expect([notes, asked.length]).to.deep.equal([[why], 0]);
    }
    const without = await tried('session-fixation', (ask) => ({ ...served(ask), rawHeaders: [] }));
    expect([without.notes, without.asked.length]).to.deep.equal([[why], 1]);
  });

  it('transport-security: it says what was sent, and what was missing', async () => {
    const proofs = async (url: string): Promise<readonly unknown[]> =>
      (await tried('transport-security', served, { target: { url: new URL(url) } as never })).evidence;
    expect(await proofs('https://mcp.example.com/mcp')).to.deep.equal([
      { sent: 'a request', seen: 'no Strict-Transport-Security' },
    ]);
    expect(await proofs('http://mcp.example.com/mcp')).to.deep.equal([
      { sent: 'a request over plain HTTP', seen: '401, no content type' },
    ]);
  });
});
