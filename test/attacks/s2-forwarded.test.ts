import { expect } from 'chai';

import { McpGuardError } from '../../lib/index.js';
import { requestState } from '../../lib/request-state.js';
import { call, initialize, toolCall } from '../support/call.js';
import { connect, textOf } from '../support/client.js';
import { gate, until } from '../support/gate.js';
import { hearOf } from '../support/heard.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, textOf as resultOf, resume, type Session } from '../support/session.js';
import { sent, upstream } from '../support/upstream.js';
import { canaries, eavesdrop, shown } from './support/canaries.js';
import { CALLERS, vendor, vendorApi } from './support/vendor.js';

const names = Object.keys(CALLERS);
const headersOf = (name: string) => CALLERS[name] ?? {};
/** What a client sends besides, and no upstream must see. */
const OWN = {
  cookie: 'sid=1',
  'x-client-own': '1',
  'proxy-authorization': 'Basic x',
  'x-forwarded-for': '192.0.2.1',
};
/** What `fetch` itself sends. */
const OF_FETCH = [
  'host',
  'connection',
  'accept',
  'accept-language',
  'sec-fetch-mode',
  'user-agent',
  'accept-encoding',
];

async function sessions(url: URL): Promise<ReadonlyMap<string, Session>> {
  const begun = names.map(async (name) => [name, await begin(url, { ...headersOf(name), ...OWN })] as const);
  return new Map(await Promise.all(begun));
}

describe('S2: clients that bring their own key', () => {
  for (const isStateless of [false, true]) {
    const how = isStateless ? 'without sessions' : 'in sessions';
    it(`two keys and two organisations, ${how}, 200 calls at once: every answer is from the right key`, async () => {
      await using api = await vendorApi();
      await using served = await vendor({ api: api.origin, isStateless });
      const own = isStateless ? undefined : await sessions(served.url);
      const plan = Array.from({ length: 200 }, (_, index) => names[index % names.length] ?? '');
      const answers = await Promise.all(
        plan.map(async (name, index) => {
          const id = `${index}`;
          const session = own?.get(name);
          if (session) return session.tool('me', { id });
          const headers = { ...headersOf(name), ...OWN };
          return resultOf(await call(served.url, { headers, body: toolCall('me', { id }) }));
        }),
      );
      expect(answers).to.deep.equal(plan.map((name, index) => `${index} ${name} true`));

      expect(api.seen).to.have.length(200);
      for (const seen of api.seen) {
        const name = plan[Number(new URL(seen.url, 'http://api').searchParams.get('id'))] ?? '';
        const headers = seen.rawHeaders.filter((_, i) => i % 2 === 0).map((header) => header.toLowerCase());
        expect(headers).to.have.members([...Object.keys(headersOf(name)), ...OF_FETCH]);
        for (const [header, value] of Object.entries(headersOf(name)))
          expect(sent(seen, header), header).to.deep.equal([value]);
      }
    });
  }

  it('the upstream gets the very bytes that the client sent', async () => {
    await using api = await upstream();
    await using served = await vendor({ api: api.origin, isStateless: true });
    const headers = { authorization: 'Key \u00e9\u00ff~\t "!', 'x-acme-organization-id': 's\u00c3\u00bcd' };
    // As bytes: with a string Node would write the headers in UTF-8, too.
    const body = Buffer.from(JSON.stringify(toolCall('call', { url: api.origin })));
    expect(resultOf(await call(served.url, { headers, body }))).to.equal('ok');
    const [seen] = api.seen;
    expect(seen && Object.keys(headers).map((name) => sent(seen, name))).to.deep.equal(
      Object.values(headers).map((value) => [value]),
    );
  });

  it("the SDK's own clients, one after the other and at once", async () => {
    await using api = await vendorApi();
    await using served = await vendor({ api: api.origin });
    await using ada = await connect(served.url, headersOf('ada north'));
    await using bob = await connect(served.url, headersOf('bob north'));
    for (const { client, name } of [
      { client: ada.client, name: 'ada north' },
      { client: bob.client, name: 'bob north' },
      { client: ada.client, name: 'ada north' },
    ]) {
      expect(await textOf(client, 'me', { id: '1' })).to.equal(`1 ${name} true`);
    }
    const both = [ada, bob].map(({ client }) => textOf(client, 'me', { id: '2' }));
    expect(await Promise.all(both)).to.deep.equal(['2 ada north true', '2 bob north true']);
  });

  it('another key, another organisation or none on a session is a 404, and runs nothing', async () => {
    await using api = await vendorApi();
    const ran: string[] = [];
    await using served = await vendor({ api: api.origin, onRun: (tool) => ran.push(tool) });
    const session = await begin(served.url, headersOf('ada north'));
    const { authorization = '' } = headersOf('ada north');
    const strangers = [
      ...names.slice(1).map(headersOf),
      { authorization },
      { authorization, 'x-acme-organization-id': '' },
      { authorization, 'x-acme-organization-id': 'North' },
      { authorization: authorization.replace('Basic', 'basic'), 'x-acme-organization-id': 'north' },
    ];
    for (const headers of strangers) {
      const theirs = resume(served.url, headers, session.id);
      const unknown = resume(served.url, headers, 'x'.repeat(43));
      for (const one of [theirs, unknown]) {
        expectRefusal(await one.send(toolCall('me')), 'session_not_found');
        for (const method of ['GET', 'DELETE'])
          expectRefusal(await call(served.url, { method, headers: one.headers }), 'session_not_found');
      }
    }
    expect([ran, api.seen]).to.deep.equal([[], []]);
    expect(await session.tool('me', { id: '1' })).to.equal('1 ada north true');
    expect((await session.delete()).status).to.equal(200);
  });

  it('tools see none of the headers, and no token', async () => {
    await using api = await vendorApi();
    await using served = await vendor({ api: api.origin });
    const session = await begin(served.url, { ...headersOf('ada north'), 'x-plain': '1' });
    const [headers, , token] = JSON.parse(await session.tool('seen')) as [object, object, string];
    expect(headers).to.include({ 'x-plain': '1' });
    expect(headers).to.not.have.any.keys('authorization', 'x-acme-organization-id', 'mcp-session-id');
    expect(token).to.equal('');
    expect(await session.tool('seen')).to.not.include('YWRhOm9uZQ');
  });

  it('W29 the key goes to no origin that is not listed, by itself or by a redirect', async () => {
    await using api = await vendorApi();
    await using evil = await upstream();
    await using served = await vendor({ api: api.origin });
    const session = await begin(served.url, headersOf('ada north'));
    const away = (to: string) => `${api.origin}/away?to=${encodeURIComponent(to)}`;
    for (const url of [
      evil.origin,
      `${api.origin}@${new URL(evil.origin).host}/`,
      away(evil.origin),
      away(away(evil.origin)),
    ]) {
      const answer = await session.tool('call', { url });
      expect(answer, url).to.match(
        /^credentials\.fetch: .*(not in "upstream"|user name or password|not absolute)/,
      );
      expect(answer).to.not.include(evil.origin);
    }
    expect(evil.seen).to.deep.equal([]);
    expect(await session.tool('call', { url: away(`${api.origin}/me`) })).to.equal('ada north');
  });

  it('W29 the key is gone with its session: a tool that runs on cannot use it', async () => {
    await using api = await vendorApi();
    const running = gate();
    const over = gate();
    let get: (name: string) => string | undefined = () => 'nothing yet';
    const outcomes: unknown[] = [];
    await using served = await vendor({
      api: api.origin,
      onServer({ credentials, signal }) {
        get = credentials.get;
        signal.addEventListener('abort', () => {
          credentials.fetch(`${api.origin}/me`).catch((error: Error) => outcomes.push(error.message));
          over.open();
        });
      },
      onRun: async () => {
        running.open();
        await over.opened;
        outcomes.push(get('authorization'));
      },
    });
    const session = await begin(served.url, headersOf('ada north'));
    // Outside of any request: what the session began with.
    expect(get('authorization')).to.equal(headersOf('ada north').authorization);
    const answer = session.send(toolCall('me')).catch(() => {});
    await running.opened;
    expect((await session.delete()).status).to.equal(200);
    await answer;
    await until('the tool has run on', () => outcomes.length === 2);
    expect(outcomes).to.have.members([undefined, 'credentials.fetch: the session is over']);
    expect(get('authorization')).to.equal(undefined);
    expect(api.seen).to.deep.equal([]);
  });

  it('W12 a rotated key of the same person is used by the request that brings it, and by no other', async () => {
    await using api = await upstream(
      (request, response) => void response.end(sent(request, 'authorization').join()),
    );
    const held = gate();
    const entered = gate();
    let isHeld = true;
    await using served = await vendor({
      api: api.origin,
      guard: {
        identify: ({ authorization = '' }) => ({ subject: authorization.split(' ')[1]?.split('-')[0] ?? '' }),
      },
      onRun: async () => {
        if (!isHeld) return;
        isHeld = false;
        entered.open();
        await held.opened;
      },
    });
    const key = (name: string) => ({ authorization: `Key ${name}` });
    const session = await begin(served.url, key('ada-1'));
    const before = session.tool('me', { id: '1' });
    await entered.opened;
    expect(await session.tool('me', { id: '2' }, key('ada-2'))).to.equal('2 Key ada-2 true');
    held.open();
    expect(await before).to.equal('1 Key ada-1 true');
    expect(await session.tool('me', { id: '3' }, key('ada-2'))).to.equal('3 Key ada-2 true');
    const other = resume(served.url, key('bob-1'), session.id);
    expectRefusal(await other.send(toolCall('me')), 'session_not_found');
  });

  it('W29 no key shows in any event, log, error or inspection', async () => {
    const secrets = canaries();
    const leaks: string[] = [];
    const channels = new Set<string>();
    const hear = (channel: string, text: string): void => {
      channels.add(channel);
      const leak = secrets.find(text);
      if (leak !== undefined) leaks.push(`${channel}: ${leak}`);
    };
    using _ = eavesdrop(hear);
    await using evil = await upstream();
    await using broken = await upstream(
      ({ rawHeaders }, _response, { socket }) =>
        void socket.end(`HTTP/1.1 200 OK\r\nBro\u0001ken: ${rawHeaders.join(' ')}\r\n\r\n`),
    );
    await using api = await upstream(
      (_request, response) => void response.writeHead(302, { location: evil.origin }).end(),
    );
    const keep = async (channel: string, work: () => unknown) => {
      try {
        hear(channel, shown(await work()));
      } catch (error) {
        for (let cause = error; cause instanceof Error; cause = cause.cause)
          hear(
            channel,
            [shown(cause), cause.stack, shown(Object.getOwnPropertyDescriptors(cause))].join('\n'),
          );
        throw error;
      }
    };
    const faults = [
      'ok',
      'wrong',
      'throws',
      'nonsense',
      'forbidden',
      'create-away',
      'create-broken',
      'create-url',
    ];
    const faultOf = (key = '') => key.split(' ')[1]?.split('.')[0];
    for (const isIdentified of [true, false]) {
      await using served = await vendor({
        api: api.origin,
        before: [
          (request, response, next) => {
            response.once('close', () => hear('state', shown(requestState(request))));
            next();
          },
        ],
        guard: {
          upstream: [api.origin, broken.origin],
          ...(isIdentified && {
            identify(headers) {
              hear('identify', shown(headers));
              const fault = faultOf(headers.authorization);
              if (fault === 'wrong') return null;
              if (fault === 'forbidden')
                throw new McpGuardError('forbidden', { cause: headers.authorization });
              if (fault === 'throws') throw new Error(`no ${headers.authorization}`);
              if (fault === 'nonsense') return { subject: '', key: headers.authorization } as never;
              return { subject: 'somebody' };
            },
          }),
        },
        handler: { onError: (error) => void keep('onError', () => Promise.reject(error)).catch(() => {}) },
        async onServer(context) {
          hear('createServer', shown(context));
          const { credentials } = context;
          hear(
            'credentials',
            shown([credentials, { ...credentials }, credentials.fetch, Object.entries(credentials)]),
          );
          const fault = faultOf(credentials.get('authorization'));
          const url = {
            'create-away': api.origin,
            'create-broken': broken.origin,
            'create-url': evil.origin,
          };
          const target = fault !== undefined && fault in url ? url[fault as keyof typeof url] : undefined;
          if (target) await keep('fetch', () => credentials.fetch(target));
        },
      });
      for (const fault of faults) {
        const headers = {
          authorization: `Key ${fault}.${secrets.next()}`,
          'x-acme-organization-id': secrets.next(),
        };
        const reply = await call(served.url, { headers, body: initialize() });
        hear('answer', shown([reply.status, reply.headers, reply.text]));
        const id = reply.headers['mcp-session-id'];
        if (typeof id !== 'string') continue;
        const session = resume(served.url, headers, id);
        for (const url of [evil.origin, api.origin, broken.origin, 'nonsense'])
          hear('tool', await session.tool('call', { url }));
        hear('tool', await session.tool('seen'));
        const stranger = await resume(served.url, { authorization: secrets.next() }, id).send(toolCall('me'));
        hear('answer', shown([stranger.status, stranger.headers, stranger.text]));
        await session.delete();
      }
      for (const headers of [
        ['Authorization', secrets.next(), 'Authorization', secrets.next()],
        ['X-Acme-Organization-Id', secrets.next()],
      ]) {
        const reply = await call(served.url, { headers });
        expect([400, 401]).to.include(reply.status);
        hear('answer', shown([reply.status, reply.headers, reply.text]));
      }
    }
    expect(leaks).to.deep.equal([]);
    expect(evil.seen).to.deep.equal([]);
    expect([...channels]).to.include.members([
      ...['event', 'warning', 'answer', 'tool', 'state', 'identify', 'createServer', 'credentials'],
      ...['fetch', 'onError'],
    ]);
  }).timeout(30_000);

  it('events tell who it is, by the hash of the headers', async () => {
    await using api = await vendorApi();
    let subject = '';
    await using served = await vendor({
      api: api.origin,
      onServer({ principal }) {
        subject = principal.subject;
      },
    });
    const first = await begin(served.url, headersOf('ada north'));
    using heard = hearOf(subject);
    await (await begin(served.url, headersOf('ada north'))).delete();
    await begin(served.url, headersOf('bob north'));
    expect(heard.types()).to.deep.equal(['session.started', 'session.ended']);
    await first.delete();
  });
});
