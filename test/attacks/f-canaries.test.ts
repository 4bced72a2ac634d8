import { expect } from 'chai';

import { basic, type Call, call, initialize, open } from '../support/call.js';
import { canaries, eavesdrop, shown } from './support/canaries.js';
import { FAULTS, type LeakyApp, leakyApp } from './support/leaky-app.js';

const HOW_MANY = 10_000;
const LOOK = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'look', arguments: {} } };
const ID_SHAPE = /[A-Za-z0-9_-]{43}/g;

describe('F1: no secret shows, anywhere', () => {
  it('finds a planted one, in any dress', () => {
    const secrets = canaries();
    const one = secrets.next();
    const bytes = Buffer.from(`user:${one}`);
    const dresses = [
      one,
      one.toUpperCase(),
      ...['', 'x', 'xy'].map((text) => basic(text, one)),
      shown(bytes),
    ];
    for (const dressed of [
      ...dresses,
      bytes.toString('hex'),
      bytes.toString('base64url'),
      shown(new Map([[1, [one]]])),
    ]) {
      expect(secrets.find(dressed), dressed).to.be.a('string');
    }
    expect(secrets.find(basic('user', 'password'))).to.equal(undefined);

    const heard: string[] = [];
    {
      using _ = eavesdrop((channel, text) => heard.push(`${channel} ${secrets.find(text) !== undefined}`));
      console.error(new Error('x', { cause: one }));
      console.log({ a: { b: one } });
      process.stdout.write(one);
      process.stderr.write(Buffer.from(one));
    }
    expect(heard).to.deep.equal(['console true', 'console true', 'stdout true', 'stderr true']);
  });

  it(`keeps ${HOW_MANY} of them to itself on every path, through every fault`, async () => {
    const secrets = canaries();
    const ids = new Set<string>();
    const leaks: string[] = [];
    const channels = new Map<string, number>();
    const hear = (channel: string, text: string): void => {
      channels.set(channel, (channels.get(channel) ?? 0) + 1);
      const leak = secrets.find(text) ?? text.match(ID_SHAPE)?.find((word) => ids.has(word));
      if (leak !== undefined && leaks.length < 20) leaks.push(`${channel}: ${leak}`);
    };
    using _ = eavesdrop(hear);
    const secret = () => secrets.next();
    const tokens = Array.from({ length: 20 }, secret);
    const onSession = (id: string): void => void ids.add(id);
    await using app = await leakyApp({ tokens, hear, secret, onSession });
    const statuses = new Map<number, number>();
    const note = (status: number): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);

    for (let round = 0; secrets.count < HOW_MANY; round += 1) {
      const token = tokens[round % tokens.length] ?? '';
      await Promise.all(
        requests(secret, token).map(async ({ isCutOff, ...request }) => {
          if (isCutOff) return cutOff(app, request);
          const reply = await call(app.url, request);
          note(reply.status);
          // The session's own id goes to its own client.
          const { 'mcp-session-id': id, ...headers } = reply.headers;
          hear(reply.status < 300 ? 'answer' : 'refusal', shown([headers, reply.challenges, reply.text]));
          if (reply.status !== 200 || typeof id !== 'string' || !request.headers) return;
          if (round % 5 === 0) hear('list', secretsOf(await app.binding.list()));
          const own = { ...(request.headers as Record<string, string>), 'mcp-session-id': id };
          for (const body of [LOOK, undefined]) {
            const next = await call(app.url, { headers: own, body, ...(!body && { method: 'DELETE' }) });
            note(next.status);
            if (next.status >= 400) hear('refusal', shown([next.headers, next.text]));
            else if (next.status === 200) hear('tool answer', next.text);
          }
        }),
      );
    }
    for (const part of app.parts) hear('part', shown(part));
    await app.handler.close({ graceMs: 0 });
    const closing = await call(app.url, { headers: { authorization: basic(secret(), secret()) } });
    hear('refusal', shown([closing.headers, closing.text]));

    expect(leaks).to.deep.equal([]);
    // All of it was there to be heard.
    const OUTSIDE = [
      'console',
      'event',
      'warning',
      'refusal',
      'answer',
      'tool',
      'tool answer',
      'request',
      'list',
      'part',
    ];
    const INSIDE = ['verify', 'isActive', 'startSession', 'createServer', 'endSession', 'login store'];
    const GUARDED = ['after the proof', 'after the binding', 'request.auth', 'request.user'];
    expect([...channels.keys()]).to.include.members([...OUTSIDE, ...INSIDE, ...GUARDED]);
    expect([...statuses.keys()]).to.include.members([200, 400, 401, 403, 404, 405, 406, 413, 415, 503]);
  }).timeout(120_000);
});

/** Records as an operator may log them: their ids are theirs to show. */
function secretsOf(records: readonly { readonly id: string }[]): string {
  return shown(records.map(({ id: _, ...record }) => record));
}

type Sent = Call & { readonly isCutOff?: boolean };

/** One of every kind of request, each with secrets of its own wherever a request has room for one. */
function requests(secret: () => string, token: string): Sent[] {
  const common = () => ({ cookie: `sid=${secret()}`, 'proxy-authorization': `Bearer ${secret()}` });
  const rest = () => ({ ...common(), 'x-mcp-token': token });
  const right = () => ({ ...rest(), authorization: basic(`ok.${secret()}`, secret()) });
  const body = () => ({
    ...initialize(),
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: secret(), version: '1' },
      _meta: { secret: secret() },
    },
  });
  const faulty = FAULTS.flatMap((fault): Sent[] => [
    { headers: { ...rest(), authorization: basic(`${fault}.${secret()}`, secret()) }, body: body() },
    { headers: { ...rest(), authorization: `Bearer ${fault}.${secret()}` }, body: body() },
    { headers: { ...rest(), 'x-api-key': `${fault}.${secret()}` }, body: body() },
  ]);
  const spelt = [
    ...[
      `Basic ${secret()}`,
      `Basic ${secret()}:${secret()}`,
      `Bearer ${secret()} ${secret()}`,
      `${secret()}`,
    ],
    ...[
      `Token ${secret()}`,
      `Digest username="${secret()}"`,
      `${secret()} ${secret()}`,
      `Basic ${basic('', secret())}`,
    ],
  ].map((authorization): Sent => ({ headers: { ...rest(), authorization }, body: body() }));
  const sessions = [
    ...[secret(), `${secret()}é`, secret().padEnd(43, 'x').slice(0, 43)].map((id) => ({
      'mcp-session-id': id,
    })),
  ].flatMap((id) =>
    ['POST', 'GET', 'DELETE'].map((method): Sent => ({ method, headers: { ...right(), ...id }, body: LOOK })),
  );
  const lines = (...pairs: readonly string[]): readonly string[] => [
    ...[
      'Accept',
      'application/json, text/event-stream',
      'Content-Type',
      'application/json',
      'X-MCP-Token',
      token,
    ],
    ...pairs,
  ];
  return [
    ...faulty,
    ...spelt,
    ...sessions,
    { headers: { ...common(), 'x-mcp-token': secret() }, body: body() },
    { headers: common(), body: body() },
    { headers: lines('X-MCP-Token', secret()), body: body() },
    { headers: lines('Authorization', `Bearer ${secret()}`, 'Authorization', basic(secret(), secret())) },
    { headers: lines('Authorization', basic(`ok.${secret()}`, secret()), 'X-API-Key', `ok.${secret()}`) },
    {
      headers: lines(
        'Authorization',
        basic(`ok.${secret()}`, secret()),
        'Mcp-Session-Id',
        secret(),
        'Mcp-Session-Id',
        secret(),
      ),
    },
    { headers: right(), path: `/mcp?access_token=${secret()}`, body: body() },
    { headers: rest(), path: `/mcp?access_token=${secret()}`, method: 'GET' },
    { headers: { ...right(), host: `${secret()}.example` }, body: body() },
    { headers: { ...right(), origin: `https://${secret()}.example` }, body: body() },
    { headers: { ...right(), 'x-forwarded-for': secret(), forwarded: secret() }, body: body() },
    { headers: right(), body: `{"${secret()}` },
    { headers: right(), body: JSON.stringify({ secret: secret() }) },
    { headers: { ...right(), 'content-type': `text/${secret()}` }, body: secret() },
    { headers: right(), body: JSON.stringify({ ...initialize(), x: secret().repeat(40_000) }) },
    { headers: { ...right(), accept: `text/${secret()}` }, body: body() },
    { headers: { ...right(), 'mcp-protocol-version': secret() }, body: { ...LOOK, method: secret() } },
    { headers: right(), method: 'PUT', body: body() },
    { headers: right(), method: 'OPTIONS' },
    { headers: right(), method: 'GET' },
    {
      headers: { ...rest(), authorization: basic(`slow.${secret()}`, secret()) },
      body: body(),
      isCutOff: true,
    },
    { headers: { ...right(), 'content-length': '100000' }, body: secret(), isCutOff: true },
  ];
}

/** Hangs up as soon as the request is out. */
async function cutOff({ url }: LeakyApp, request: Call): Promise<void> {
  const controller = new AbortController();
  const sent = open(url, { ...request, signal: controller.signal }).catch(() => undefined);
  setTimeout(() => controller.abort(), 20);
  (await sent)?.destroy();
}
