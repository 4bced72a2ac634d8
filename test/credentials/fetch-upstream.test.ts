import { expect } from 'chai';

import { fetchUpstream, type HeldHeaders } from '../../lib/credentials/fetch-upstream.js';
import { sent, type Upstream, upstream } from '../support/upstream.js';

const held = (...origins: readonly string[]): HeldHeaders => ({
  names: ['x-key'],
  values: new Map([['x-key', 'k']]),
  origins: new Set(origins),
});

/** Answers `/STATUS` with a redirect to `to`, all else with 200. */
const leading = (to: string): Promise<Upstream> =>
  upstream(({ url = '' }, response) => {
    const status = Number(url.slice(1));
    if (status) response.writeHead(status, { location: to }).end();
    else response.end('arrived');
  });

async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not reject');
}

describe('fetchUpstream', () => {
  it('takes what is plain and nothing else for init', async () => {
    await using api = await upstream();
    const bare: RequestInit = Object.assign(Object.create(null), { method: 'PUT' });
    expect((await fetchUpstream(held(api.origin), api.origin, bare)).status).to.equal(200);
    expect(api.seen.map(({ method }) => method)).to.deep.equal(['PUT']);
    for (const init of [null, 'x', 7, () => {}, new Request(api.origin), Object.create({ method: 'PUT' })])
      expect(await rejection(fetchUpstream(held(api.origin), api.origin, init as RequestInit)))
        .to.be.instanceOf(TypeError)
        .with.property('message', 'credentials.fetch: init must be a plain object');
    expect(api.seen).to.have.lengthOf(1);
  });

  it('follows no redirect where it must not, or gives it to the tool', async () => {
    await using api = await leading('/arrived');
    const url = `${api.origin}/302`;
    expect(await rejection(fetchUpstream(held(api.origin), url, { redirect: 'error' })))
      .to.be.instanceOf(TypeError)
      .with.property('message', 'credentials.fetch: the upstream redirects');
    expect((await fetchUpstream(held(api.origin), url, { redirect: 'manual' })).status).to.equal(302);
    expect(api.seen.map((seen) => seen.url)).to.deep.equal(['/302', '/302']);
    expect(await (await fetchUpstream(held(api.origin), url, { redirect: 'follow' })).text()).to.equal(
      'arrived',
    );
  });

  it("keeps a tool's own credential within an origin, and takes it to no other", async () => {
    await using other = await upstream();
    await using within = await leading('/arrived');
    await using across = await leading(other.origin);
    const headers = { authorization: 'own', cookie: 'own', 'x-own': 'own' };
    for (const api of [within, across]) {
      const origins = held(within.origin, across.origin, other.origin);
      await fetchUpstream(origins, `${api.origin}/307`, { headers });
    }
    const names = ['x-key', 'authorization', 'cookie', 'x-own'];
    const last = [within.seen.at(-1), other.seen.at(-1)];
    expect(last.map((seen) => seen && names.map((name) => sent(seen, name)))).to.deep.equal([
      [['k'], ['own'], ['own'], ['own']],
      [['k'], [], [], ['own']],
    ]);
  });

  it('asks with GET what a 303 sends elsewhere, and leaves what is asked so already as it is', async () => {
    await using api = await leading('/arrived');
    const headers = { 'content-type': 'text/plain', 'content-language': 'en' };
    const inits: readonly RequestInit[] = [
      ...[{}, { method: 'GET' }, { method: 'HEAD' }],
      ...[{ method: 'PUT', body: 'b' }, { method: 'DELETE' }],
    ];
    for (const init of inits)
      await fetchUpstream(held(api.origin), `${api.origin}/303`, { ...init, headers });
    const arrived = api.seen.filter(({ url }) => url === '/arrived');
    expect(
      arrived.map((seen) => [seen.method, sent(seen, 'content-type'), sent(seen, 'content-language')]),
    ).to.deep.equal([
      ...[
        ['GET', ['text/plain'], ['en']],
        ['GET', ['text/plain'], ['en']],
        ['HEAD', ['text/plain'], ['en']],
      ],
      ...[
        ['GET', [], []],
        ['GET', [], []],
      ],
    ]);
  });

  it('sends a body again that is none', async () => {
    await using api = await leading('/arrived');
    for (const body of [null, undefined]) {
      const init = { method: 'POST', ...(body === null && { body }) };
      expect(await (await fetchUpstream(held(api.origin), `${api.origin}/307`, init)).text()).to.equal(
        'arrived',
      );
    }
    expect(api.seen.map(({ method }) => method)).to.deep.equal(['POST', 'POST', 'POST', 'POST']);
  });

  it('rejects with what it was aborted with, whatever that is', async () => {
    await using api = await upstream(() => {});
    const reasons = [
      null,
      'reason',
      new Error('reason', { cause: null }),
      new Error('reason', { cause: 'why' }),
    ];
    for (const reason of reasons) {
      const work = fetchUpstream(held(api.origin), api.origin, { signal: AbortSignal.abort(reason) });
      expect(await rejection(work)).to.equal(reason);
    }
  });
});
