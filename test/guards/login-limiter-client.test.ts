import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  type BasicCredentials,
  type LoginLimiterOptions,
  mcpBasicAuth,
  mcpLoginLimiter,
} from '../../lib/index.js';
import { basic, call, type Reply } from '../support/call.js';
import { recordingStore } from '../support/recording-store.js';
import { type Served, serve, serveApp } from '../support/serve.js';
import { tell } from '../support/tell.js';
import { catchWarnings } from '../support/warnings.js';

const verifier = ({ username, password }: BasicCredentials) =>
  password === 'right' ? { subject: username } : null;

const serveLimited = (options?: LoginLimiterOptions, ...before: RequestHandler[]): Promise<Served> =>
  serve(...before, options ? mcpLoginLimiter(options) : mcpLoginLimiter(), mcpBasicAuth({ verifier }), tell);

const login = (
  url: URL,
  username: string,
  password: string,
  headers: Record<string, string> = {},
): Promise<Reply> => call(url, { headers: { ...headers, authorization: basic(username, password) } });

describe('mcpLoginLimiter and the client', () => {
  describe('clientKey', () => {
    const nameless: Readonly<Record<string, () => unknown>> = {
      'an empty string': () => '',
      nothing: () => undefined,
      'a number': () => 5,
    };
    for (const [what, clientKey] of Object.entries(nameless)) {
      it(`that answers ${what} names one client, never a pass`, async () => {
        await using served = await serveLimited({ points: 1, clientKey: clientKey as () => string });
        expect((await login(served.url, 'ann', 'wrong')).status).to.equal(401);
        expect((await login(served.url, 'ben', 'wrong')).status).to.equal(429);
      });
    }

    it('that names nobody puts all of them into the bucket "unknown"', async () => {
      const { store, asked } = recordingStore();
      for (const clientKey of [() => 'unknown', ...Object.values(nameless)] as (() => string)[]) {
        await using served = await serveLimited({ store, keys: ['ip'], points: 9, clientKey });
        await login(served.url, 'ann', String(asked.length));
      }
      expect(asked).to.have.length(4);
      expect(new Set(asked.map(({ ip }) => ip)).size).to.equal(1);
    });

    it('that throws stops the request', async () => {
      const clientKey = (): string => {
        throw new Error('s3cret');
      };
      await using served = await serveApp((app) => {
        app.use('/mcp', mcpLoginLimiter({ clientKey }), mcpBasicAuth({ verifier }), tell);
        app.use(((_error, _request, response, _next) => {
          response.sendStatus(500);
        }) as import('express').ErrorRequestHandler);
      });
      expect((await login(served.url, 'ann', 'right')).status).to.equal(500);
    });

    it('defaults to the address that Express believes', async () => {
      const { store, asked } = recordingStore();
      await using served = await serveApp((app) => {
        app.set('trust proxy', 'loopback');
        app.use('/mcp', mcpLoginLimiter({ store, keys: ['ip'] }), mcpBasicAuth({ verifier }), tell);
      });
      for (const [guess, address] of [
        '2001:db8:1:2::1',
        '2001:db8:1:2:ffff::9',
        '1.2.3.4',
        '::ffff:1.2.3.4',
      ].entries()) {
        await login(served.url, 'ann', String(guess), { 'x-forwarded-for': address });
      }
      const [first, second, third, fourth] = asked.map(({ ip }) => ip);
      expect(first).to.equal(second).and.not.equal(third);
      expect(third).to.equal(fourth);
    });
  });

  describe('trust proxy', () => {
    it('set to nothing is off, and warned of', async () => {
      using warnings = catchWarnings();
      await using served = await serveApp((app) => {
        app.set('trust proxy', undefined);
        app.use('/mcp', mcpLoginLimiter(), mcpBasicAuth({ verifier }), tell);
      });
      await login(served.url, 'ann', 'right', FORWARDED);
      expect(warnings.codes).to.deep.equal(['MCP_GUARD_TRUST_PROXY']);
    });

    const FORWARDED = { 'x-forwarded-for': '203.0.113.7' };
    const cases: readonly (readonly [unknown, Record<string, string>, RegExp | undefined])[] = [
      [undefined, FORWARDED, /^mcpLoginLimiter: X-Forwarded-For arrives but 'trust proxy' is off.*app\.set/],
      [false, FORWARDED, /^mcpLoginLimiter: X-Forwarded-For arrives but 'trust proxy' is off.*app\.set/],
      [true, FORWARDED, /^mcpLoginLimiter: 'trust proxy' is true.*app\.set/],
      ['loopback', FORWARDED, undefined],
      [1, FORWARDED, undefined],
      [undefined, {}, undefined],
      [true, {}, undefined],
    ];
    for (const [trust, headers, warning] of cases) {
      const what = `${JSON.stringify(trust) ?? 'unset'}${'x-forwarded-for' in headers ? '' : ' without the header'}`;
      it(`${what}: ${warning ? 'warns once, with the fix' : 'warns of nothing'}`, async () => {
        using warnings = catchWarnings();
        await using served = await serveApp((app) => {
          if (trust !== undefined) app.set('trust proxy', trust);
          app.use('/mcp', mcpLoginLimiter(), mcpBasicAuth({ verifier }), tell);
        });
        for (const user of ['ann', 'ben', 'cid']) await login(served.url, user, 'right', headers);
        expect(warnings.codes).to.deep.equal(warning ? ['MCP_GUARD_TRUST_PROXY'] : []);
        if (warning) expect(warnings.texts[0]).to.match(warning).and.not.include('203.0.113.7');
      });
    }
  });
});
