import { expect } from 'chai';

import { mcpOriginGuard, type OriginGuardOptions } from '../../lib/index.js';
import { call } from '../support/call.js';
import { bad, checksOptions } from '../support/options.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { tell } from '../support/tell.js';

describe('mcpOriginGuard', () => {
  checksOptions('mcpOriginGuard', mcpOriginGuard, {}, { allowedHosts: bad.texts, allowedOrigins: bad.texts });

  it('refuses an entry that is no host or no origin, naming option and entry', () => {
    for (const entry of [
      'http://a.example',
      'a.example/x',
      'a.example:',
      'a.example:70000',
      'a b',
      '*',
      ':80',
    ]) {
      const make = () => mcpOriginGuard({ allowedHosts: [entry] });
      expect(make, entry).to.throw(TypeError, `allowedHosts: ${JSON.stringify(entry)} is not a host`);
    }
    for (const entry of ['a.example', 'https://a.example/', 'https://', '*', 'https://*.example']) {
      const make = () => mcpOriginGuard({ allowedOrigins: [entry] });
      expect(make, entry).to.throw(TypeError, `allowedOrigins: ${JSON.stringify(entry)} is not an origin`);
    }
  });

  type Case = readonly [host: string, origin: string | undefined, passes: boolean];
  const cases: readonly (readonly [title: string, OriginGuardOptions | undefined, readonly Case[]])[] = [
    [
      'by default: loopback names on any port, and pages on them',
      undefined,
      [
        ['localhost', undefined, true],
        ['localhost:8080', undefined, true],
        ['127.0.0.1:1', undefined, true],
        ['[::1]:3000', undefined, true],
        ['LOCALHOST', undefined, true],
        ['localhost', 'http://localhost:5173', true],
        ['localhost', 'https://127.0.0.1', true],
        ['wiki.example.com', undefined, false],
        ['localhost.evil.com', undefined, false],
        ['127.0.0.1.nip.io', undefined, false],
        ['localhost.', undefined, false],
        ['localhost', 'https://evil.com', false],
        ['localhost', 'null', false],
        ['localhost', '', false],
        ['localhost', 'http://localhost http://localhost', false],
        ['localhost', 'chrome-extension://localhost', false],
      ],
    ],
    [
      'with allowedHosts: those alone, a port where one is given, and pages on them',
      { allowedHosts: ['wiki.example.com', 'api.example.com:8443'] },
      [
        ['wiki.example.com', undefined, true],
        ['wiki.example.com:444', undefined, true],
        ['api.example.com:8443', undefined, true],
        ['api.example.com', undefined, false],
        ['localhost', undefined, false],
        ['wiki.example.com', 'https://wiki.example.com', true],
        ['wiki.example.com', 'https://api.example.com:8443', true],
        ['wiki.example.com', 'https://api.example.com', false],
        ['wiki.example.com', 'http://localhost', false],
      ],
    ],
    [
      'with allowedOrigins: exactly those, whatever the host',
      { allowedOrigins: ['https://app.example.com', 'null'] },
      [
        ['localhost', undefined, true],
        ['localhost', 'https://app.example.com', true],
        ['localhost', 'https://app.example.com:443', true],
        ['localhost', 'null', true],
        ['localhost', 'http://app.example.com', false],
        ['localhost', 'https://app.example.com:8443', false],
        ['localhost', 'http://localhost', false],
        ['app.example.com', 'https://app.example.com', false],
      ],
    ],
  ];
  for (const [title, options, requests] of cases) {
    it(title, async () => {
      await using served = await serve(mcpOriginGuard(options), tell);
      for (const [host, origin, passes] of requests) {
        const reply = await call(served.url, {
          headers: { host, ...(origin !== undefined && { origin }) },
        });
        const about = `Host: ${host}, Origin: ${origin}`;
        expect(reply.status, about).to.equal(passes ? 200 : 403);
        if (!passes) expectRefusal(reply, 'forbidden_origin');
      }
    });
  }

  it('refuses two Host or two Origin headers, although each is ours', async () => {
    await using served = await serve(mcpOriginGuard(), tell);
    const origin = ['Origin', 'http://localhost'];
    expect((await call(served.url, { headers: origin })).status).to.equal(200);
    expectRefusal(await call(served.url, { headers: [...origin, ...origin] }), 'forbidden_origin');
    expectRefusal(await call(served.url, { headers: ['Host', served.url.host] }), 'forbidden_origin');
  });

  it('asks on every method, and looks at no credential', async () => {
    await using served = await serve(mcpOriginGuard(), tell);
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'PUT']) {
      const headers = { host: 'evil.com', authorization: 'Basic nonsense' };
      expectRefusal(await call(served.url, { method, headers }), 'forbidden_origin');
      const ours = await call(served.url, { method, headers: { authorization: 'Basic nonsense' } });
      expect(ours.status).to.equal(200);
    }
  });
});
