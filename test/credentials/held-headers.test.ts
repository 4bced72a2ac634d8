import { inspect } from 'node:util';

import { expect } from 'chai';

import { holdHeaders } from '../../lib/credentials/held-headers.js';
import type { ForwardedCredentials } from '../../lib/index.js';
import { type Answer, sent, upstream } from '../support/upstream.js';

const KEY = 'Basic s3cret-\u00e9\u00ff';
const NAMES = ['authorization', 'x-org'];

function hold(
  origins: readonly string[],
  values: Readonly<Record<string, string>> = { authorization: KEY },
): ForwardedCredentials {
  const held = { names: NAMES, values: new Map(Object.entries(values)), origins: new Set(origins) };
  return holdHeaders(held);
}

async function refusal(work: Promise<unknown>): Promise<TypeError> {
  try {
    await work;
  } catch (error) {
    expect(error).to.be.instanceOf(TypeError);
    return error as TypeError;
  }
  throw new Error('it was not refused');
}

/** Answers `/from/STATUS?to=LOCATION` with that redirect, all else with 200. */
const redirecting: Answer = ({ url }, response) => {
  const { pathname, searchParams } = new URL(url, 'http://upstream');
  const status = /^\/from\/(\d+)$/.exec(pathname)?.[1];
  if (status) response.writeHead(Number(status), { location: searchParams.get('to') ?? '' }).end('moved');
  else if (pathname === '/loop') response.writeHead(302, { location: '/loop' }).end();
  else response.end('arrived');
};
const from = (origin: string, status: number, to: string): string =>
  `${origin}/from/${status}?to=${encodeURIComponent(to)}`;

describe('held headers', () => {
  describe('fetch', () => {
    it('adds the headers, byte for byte, and none else', async () => {
      await using api = await upstream();
      const response = await hold([api.origin]).fetch(`${api.origin}/a?b=1`, { headers: { 'x-own': '1' } });
      expect(await response.text()).to.equal('ok');
      const [seen] = api.seen;
      expect(seen).to.include({ method: 'GET', url: '/a?b=1' });
      expect(seen && [sent(seen, 'authorization'), sent(seen, 'x-own'), sent(seen, 'x-org')]).to.deep.equal([
        [KEY],
        ['1'],
        [],
      ]);
    });

    it('does so beside a body of any kind', async () => {
      await using api = await upstream();
      for (const body of [
        'té',
        new URLSearchParams({ t: 'é' }),
        Buffer.from('t'),
        new Blob(['t']).stream(),
      ]) {
        await hold([api.origin]).fetch(api.origin, { method: 'POST', body, duplex: 'half' });
      }
      expect(api.seen.map((seen) => sent(seen, 'authorization'))).to.deep.equal(Array(4).fill([KEY]));
    });

    it('lets a tool neither overwrite a taken header, nor add one that the client left out', async () => {
      await using api = await upstream();
      const given = { AUTHORIZATION: 'Bearer other', 'X-Org': 'other', authorization: 'Basic third' };
      for (const headers of [
        given,
        Object.entries(given),
        new Headers({ authorization: 'x', 'x-org': 'y' }),
      ]) {
        await hold([api.origin]).fetch(new URL(api.origin), { headers: headers as [string, string][] });
      }
      expect(api.seen).to.have.length(3);
      for (const seen of api.seen)
        expect([sent(seen, 'authorization'), sent(seen, 'x-org')]).to.deep.equal([[KEY], []]);
    });

    it('refuses headers of the connection, by which another host could be reached', async () => {
      await using api = await upstream();
      for (const name of ['Host', 'Transfer-Encoding', 'Content-Length', 'Proxy-Authorization', 'Upgrade']) {
        const { message } = await refusal(hold([api.origin]).fetch(api.origin, { headers: { [name]: '1' } }));
        expect(message).to.equal(`credentials.fetch: init.headers must not hold "${name.toLowerCase()}"`);
      }
      expect(api.seen).to.deep.equal([]);
    });

    it('W29 goes nowhere but to a listed origin, however it is spelled', async () => {
      await using api = await upstream();
      await using other = await upstream();
      const { host, port } = new URL(api.origin);
      const credentials = hold([api.origin]);
      const elsewhere = [
        other.origin,
        `http://${host}@127.0.0.1:${new URL(other.origin).port}/`,
        `http://user@${host}/`,
        `http://:pass@${host}/`,
        `https://${host}/`,
        `http://localhost:${port}/`,
        `http://127.0.0.1.:${port}/x`.replace('.:', '.evil.example:'),
        `http://[::1]:${port}/`,
        `http:\\\\${host.replace(port, new URL(other.origin).port)}\\`,
        `//${host}/`,
        '/path',
        '',
        `blob:${api.origin}/0`,
        'data:text/plain,x',
        'file:///etc/hostname',
        `ftp://${host}/`,
      ];
      for (const url of elsewhere) {
        const { message } = await refusal(credentials.fetch(url));
        expect(message, url).to.match(/^credentials\.fetch: (url is|a URL must not hold)/);
        expect(message).to.not.include(KEY);
      }
      expect([api.seen, other.seen]).to.deep.equal([[], []]);
      for (const same of [
        `HTTP://${host}/`,
        `http:\\\\${host}\\x`,
        ` ${api.origin} `,
        `http://2130706433:${port}/`,
      ])
        expect((await credentials.fetch(same)).status, same).to.equal(200);
    });

    it('takes nothing but a string or a URL, and no Request as init', async () => {
      await using api = await upstream();
      const credentials = hold([api.origin]);
      for (const url of [new Request(api.origin), { toString: () => api.origin }, undefined, null, 5]) {
        expect((await refusal(credentials.fetch(url as never))).message).to.include('a string or a URL');
      }
      const { message } = await refusal(credentials.fetch(api.origin, new Request(api.origin) as never));
      expect(message).to.include('plain object');
      for (const init of [null, 5, 'x', true, [], new Map()]) {
        expect((await refusal(credentials.fetch(api.origin, init as never))).message).to.include(
          'plain object',
        );
      }
      expect(api.seen).to.deep.equal([]);
    });

    it('says which option is missing where nothing is listed', async () => {
      const { message } = await refusal(hold([]).fetch('https://api.example'));
      expect(message).to.include('mcpForwardedCredentials has no option "upstream"');
    });

    it('W29 follows a redirect within the list alone, and sends nothing to any other origin', async () => {
      await using api = await upstream(redirecting);
      await using second = await upstream(redirecting);
      await using evil = await upstream();
      const credentials = hold([api.origin, second.origin]);
      for (const status of [301, 302, 303, 307, 308]) {
        for (const to of [
          `${evil.origin}/`,
          `//${new URL(evil.origin).host}/`,
          'file:///etc/hostname',
          'blob:x',
        ]) {
          const { message } = await refusal(credentials.fetch(from(api.origin, status, to)));
          expect(message).to.equal(
            'credentials.fetch: the upstream redirects to an origin that is not in "upstream"',
          );
        }
        const user = `${api.origin.replace('//', '//user:pw@')}/`;
        expect((await refusal(credentials.fetch(from(api.origin, status, user)))).message).to.include(
          'user name',
        );
        const response = await credentials.fetch(from(api.origin, status, `${second.origin}/there`));
        expect(await response.text()).to.equal('arrived');
      }
      expect(evil.seen).to.deep.equal([]);
      expect(second.seen.map((seen) => sent(seen, 'authorization'))).to.deep.equal(Array(5).fill([KEY]));
    });

    it('W29 is caught by a redirect after a redirect', async () => {
      await using api = await upstream(redirecting);
      await using evil = await upstream();
      const twice = from(api.origin, 307, from('', 302, evil.origin));
      expect((await refusal(hold([api.origin]).fetch(twice))).message).to.include('not in "upstream"');
      expect([api.seen.length, evil.seen.length]).to.deep.equal([2, 0]);
    });

    it('keeps what is meant for one origin from another, as the fetch standard does', async () => {
      await using api = await upstream(redirecting);
      await using second = await upstream();
      const held = {
        names: ['x-key'],
        values: new Map([['x-key', 'k']]),
        origins: new Set([api.origin, second.origin]),
      };
      const headers = { authorization: 'Bearer of-the-tool', cookie: 'a=b', 'x-own': '1' };
      await holdHeaders(held).fetch(from(api.origin, 307, second.origin), { headers });
      const [seen] = second.seen;
      if (!seen) throw new Error('it did not arrive');
      const names = ['authorization', 'cookie', 'x-own', 'x-key'];
      expect(names.map((name) => sent(seen, name))).to.deep.equal([[], [], ['1'], ['k']]);
    });

    const methods = [
      [301, 'POST', 'GET'],
      [302, 'post', 'GET'],
      [303, 'PUT', 'GET'],
      [303, 'HEAD', 'HEAD'],
      [301, 'PUT', 'PUT'],
      [307, 'POST', 'POST'],
      [308, 'PATCH', 'PATCH'],
    ] as const;
    for (const [status, before, after] of methods) {
      it(`makes ${after} of ${before} after ${status}`, async () => {
        await using api = await upstream(redirecting);
        const body = before === 'HEAD' ? {} : { body: 'text', headers: { 'content-type': 'text/x' } };
        await hold([api.origin]).fetch(from(api.origin, status, '/there'), { method: before, ...body });
        const [, seen] = api.seen;
        const hasBody = after !== 'GET' && after !== 'HEAD';
        expect(seen).to.include({ method: after, url: '/there', body: hasBody ? 'text' : '' });
        expect(seen && sent(seen, 'content-type')).to.deep.equal(hasBody ? ['text/x'] : []);
      });
    }

    it('goes nowhere where a redirect leads to no URL', async () => {
      await using api = await upstream(redirecting);
      const { message } = await refusal(hold([api.origin]).fetch(from(api.origin, 302, 'http://')));
      expect(message).to.equal('credentials.fetch: the upstream redirects to no URL');
      expect(api.seen).to.have.length(1);
    });

    it('cannot send a stream twice', async () => {
      await using api = await upstream(redirecting);
      const init = { method: 'POST', body: new Blob(['text']).stream(), duplex: 'half' } as const;
      const { message } = await refusal(hold([api.origin]).fetch(from(api.origin, 307, '/there'), init));
      expect(message).to.include('cannot be sent again');
      expect(api.seen).to.have.length(1);
    });

    it('ends after 20 redirects', async () => {
      await using api = await upstream(redirecting);
      expect((await refusal(hold([api.origin]).fetch(`${api.origin}/loop`))).message).to.include('too often');
      expect(api.seen).to.have.length(21);
    });

    it('leaves a redirect to who wants to see it, and refuses it to who wants none', async () => {
      await using api = await upstream(redirecting);
      const credentials = hold([api.origin]);
      const url = from(api.origin, 302, 'https://evil.example/');
      const response = await credentials.fetch(url, { redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).to.deep.equal([
        302,
        'https://evil.example/',
      ]);
      expect((await refusal(credentials.fetch(url, { redirect: 'error' }))).message).to.include('redirects');
    });

    it('can be aborted, with the reason', async () => {
      await using api = await upstream();
      const reason = new Error('enough');
      const aborted = hold([api.origin]).fetch(api.origin, { signal: AbortSignal.abort(reason) });
      expect(await aborted.catch((error: unknown) => error)).to.equal(reason);
    });

    const failures: Readonly<Record<string, Answer>> = {
      'hangs up': (_request, _response, { socket }) => void socket.destroy(),
      'answers no HTTP': (_request, _response, { socket }) => void socket.end('nonsense\r\n\r\n'),
      'echoes the headers in what cannot be parsed': ({ rawHeaders }, _response, { socket }) =>
        void socket.end(`HTTP/1.1 200 OK\r\nBro\u0001ken: ${rawHeaders.join(' ')}\r\n\r\n`),
    };
    for (const [what, answer] of Object.entries(failures)) {
      it(`W29 throws no key where the upstream ${what}`, async () => {
        await using api = await upstream(answer);
        const error = await refusal(hold([api.origin]).fetch(api.origin));
        expect(error.cause).to.be.instanceOf(Error);
        for (const customInspect of [true, false]) {
          const text = inspect(error, { depth: 20, showHidden: true, customInspect });
          expect(text).to.not.include('s3cret');
        }
      });
    }
  });

  it('reads one header, in any case', () => {
    const { get } = hold([]);
    expect(get('Authorization')).to.equal(KEY);
    for (const name of ['x-org', 'x-other', '', '__proto__', 'constructor'])
      expect(get(name), name).to.equal(undefined);
  });

  it('W29 shows nothing, however it is looked at', () => {
    const credentials = hold(['https://api.example']);
    const views = [
      inspect(credentials, { depth: null, showHidden: true, getters: true }),
      inspect(credentials, { depth: null, showHidden: true, customInspect: false }),
      inspect(Object.getOwnPropertyDescriptors({ ...credentials }), { depth: null, showHidden: true }),
      inspect(Object.entries(credentials), { depth: null, showHidden: true }),
      JSON.stringify(credentials),
      JSON.stringify({ ...credentials }),
      String(credentials),
      String(credentials.fetch),
      attempt(() => structuredClone(credentials)),
      attempt(() => Object.assign(credentials, { headers: 1 })),
    ];
    expect(views.filter((text) => /s3cret/.test(text))).to.deep.equal([]);
    expect(Object.keys(credentials)).to.deep.equal(['fetch', 'get']);
  });
});

/** What comes of it, or how it fails. */
function attempt(work: () => unknown): string {
  try {
    return inspect(work(), { depth: null, showHidden: true });
  } catch (error) {
    return inspect(error, { depth: null, showHidden: true });
  }
}
