import { expect } from 'chai';
import type { Request as ExpressRequest } from 'express';

import { replayRequest, toolRequest, toWebRequest } from '../../lib/handler/web-request.js';
import { EndSignal } from '../../lib/sessions/end-signal.js';

const SECRETS = {
  authorization: 'Basic s3cret',
  'proxy-authorization': 'Basic s3cret',
  cookie: 's3cret',
  'x-mcp-token': 's3cret',
  'mcp-session-id': 's3cret',
  'x-api-key': 's3cret',
} as const;

const PLAIN = { host: 'app.example', accept: 'application/json', 'x-forwarded-for': '192.0.2.1' } as const;

function webRequest(
  fields: Partial<ExpressRequest> = {},
  hidden: readonly string[] = ['x-api-key'],
): Request {
  return toWebRequest(
    {
      method: 'POST',
      protocol: 'https',
      originalUrl: '/mcp?x=1',
      headers: { ...PLAIN, ...SECRETS },
      ...fields,
    } as ExpressRequest,
    hidden,
  );
}

describe('toWebRequest', () => {
  it('has the method and the whole URL', () => {
    expect(webRequest()).to.include({ method: 'POST', url: 'https://app.example/mcp?x=1' });
    expect(webRequest({ method: 'GET', protocol: 'http' })).to.include({
      method: 'GET',
      url: 'http://app.example/mcp?x=1',
    });
  });

  for (const host of ['a b', '[::1', 'x:99999']) {
    it(`has a URL although the host is ${JSON.stringify(host)}`, () => {
      expect(webRequest({ headers: { host } }).url).to.equal('http://localhost/');
    });
  }

  it('F1 has no user information in its URL, and no session id', () => {
    expect(webRequest({ headers: { host: 'a:b@app.example' } }).url).to.equal('https://app.example/mcp?x=1');
    const originalUrl = '/messages?sessionId=abc&x=1';
    expect(webRequest({ originalUrl }).url).to.equal('https://app.example/messages?x=1');
  });

  it('F1 has none either, when the same place was asked for a moment ago', () => {
    const { url } = webRequest({ originalUrl: '/mcp' });
    expect(url).to.equal('https://app.example/mcp');
    for (const host of ['a:b@app.example', 'a@app.example', ':b@app.example']) {
      for (const originalUrl of ['/mcp', '/messages?sessionId=abc']) {
        const asked = webRequest({ originalUrl, headers: { host } }).url;
        expect(asked).to.equal(`https://app.example${originalUrl.split('?')[0]}`);
      }
    }
    for (const [originalUrl, path] of [
      ['/messages?sessionId=abc', '/messages'],
      ['/mcp', '/mcp'],
      ['/a/b.c-d', '/a/b.c-d'],
    ] as const) {
      expect(webRequest({ originalUrl }).url).to.equal(`https://app.example${path}`);
      expect(webRequest({ originalUrl, protocol: 'http' }).url).to.equal(`http://app.example${path}`);
    }
  });

  it('has the same URL for what is no path, whoever asked before', () => {
    const odd = ['http://evil.example/mcp', '*', 'evil.example/mcp', '@evil.example/mcp', ':99999/mcp', ''];
    for (const protocol of ['https', 'foo']) {
      const fresh = odd.map((originalUrl) => {
        // Another place before each: nothing is known of this one.
        webRequest({ originalUrl: '/mcp', headers: { host: 'other.example' } });
        return webRequest({ originalUrl, protocol }).url;
      });
      const known = odd.map((originalUrl) => {
        webRequest({ originalUrl: '/mcp', protocol });
        return webRequest({ originalUrl, protocol }).url;
      });
      expect(known).to.deep.equal(fresh);
      for (const url of known) expect(URL.canParse(url), url).to.equal(true);
    }
  });

  it('has a URL without a host', () => {
    expect(webRequest({ headers: {} }).url).to.equal('https://localhost/mcp?x=1');
  });

  it('has a URL whatever the host, the more so when it came a moment ago', () => {
    for (const host of ['', '/', '\\', '?', '#']) {
      for (const originalUrl of ['/mcp', '/']) {
        const { url } = webRequest({ originalUrl, headers: { host } });
        expect(URL.canParse(url), `${host} ${originalUrl}`).to.equal(true);
      }
    }
  });

  it('has the query as it came', () => {
    const originalUrl = '/mcp?flag&x=a+b&y=%20';
    expect(webRequest({ originalUrl }).url).to.equal(`https://app.example${originalUrl}`);
  });

  describe('its headers', () => {
    const { headers } = webRequest();

    it('F1 list none that tools must not see', () => {
      const expected = Object.entries(PLAIN);
      expect([...headers]).to.deep.equal(expected);
      expect([...headers.entries()]).to.deep.equal(expected);
      expect(Object.fromEntries(headers)).to.deep.equal(PLAIN);
      const visited: [string, string][] = [];
      headers.forEach((value, name) => {
        visited.push([name, value]);
      });
      expect(visited).to.deep.equal(expected);
    });

    it('F1 answer none of these, in any spelling', () => {
      for (const name of Object.keys(SECRETS)) {
        if (name === 'mcp-session-id') continue;
        for (const spelled of [name, name.toUpperCase()]) {
          expect(headers.get(spelled)).to.equal(null);
          expect(headers.has(spelled)).to.equal(false);
        }
      }
    });

    it('answer the SDK the session id that they do not list', () => {
      expect(headers.get('mcp-session-id')).to.equal('s3cret');
      expect(headers.get('Mcp-Session-Id')).to.equal('s3cret');
    });

    it('answer what there is, and null for what there is not', () => {
      expect(headers.get('Accept')).to.equal('application/json');
      expect(headers.has('accept')).to.equal(true);
      expect(headers.get('content-type')).to.equal(null);
      expect(headers.get('x-api-key')).to.equal(null);
    });

    it('hide only what the request says is to be hidden', () => {
      expect(webRequest({}, []).headers.get('x-api-key')).to.equal('s3cret');
    });

    it('join what came several times, and skip what is undefined', () => {
      const several = webRequest({ headers: { 'set-cookie': ['a', 'b'], accept: undefined } }).headers;
      expect(several.get('set-cookie')).to.equal('a,b');
      expect([...several]).to.deep.equal([['set-cookie', 'a,b']]);
    });
  });
});

describe('toolRequest', () => {
  it('is a real request with what tools may see, and nothing of the body', () => {
    const shown = toolRequest(webRequest());
    expect(shown).to.be.instanceOf(Request);
    expect(shown).to.include({ method: 'POST', url: 'https://app.example/mcp?x=1', body: null });
    expect([...shown.headers]).to.deep.equal([
      ['accept', 'application/json'],
      ['host', 'app.example'],
      ['x-forwarded-for', '192.0.2.1'],
    ]);
    expect(shown.signal.aborted).to.equal(false);
  });

  it('ends when it is told to', () => {
    const end = new EndSignal();
    const shown = toolRequest(webRequest(), end);
    expect(shown.signal).to.equal(end.signal);
    expect(shown.headers.get('accept')).to.equal('application/json');
    end.abort();
    expect(shown.signal.aborted).to.equal(true);
  });
});

describe('replayRequest', () => {
  it('says what the client said to another node, and nothing that this request brought', () => {
    const request = {
      ...{ method: 'GET', protocol: 'https', originalUrl: '/mcp' },
      headers: { ...PLAIN, ...SECRETS },
    } as unknown as ExpressRequest;
    const said = replayRequest(request, 'the-id');
    expect(said).to.include({ method: 'POST', url: 'https://app.example/mcp' });
    expect([...said.headers]).to.deep.equal([
      ['accept', 'application/json, text/event-stream'],
      ['content-type', 'application/json'],
      ['mcp-session-id', 'the-id'],
    ]);
  });
});
