import { expect } from 'chai';
import type { Request as ExpressRequest } from 'express';

import { toWebRequest } from '../../lib/handler/web-request.js';

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

  it('has a URL without a host', () => {
    expect(webRequest({ headers: {} }).url).to.equal('https://localhost/mcp?x=1');
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
