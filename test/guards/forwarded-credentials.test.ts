import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  type CredentialVerifier,
  type ForwardedCredentialsOptions,
  type ForwardedHeaders,
  McpGuardError,
  mcpBearerAuth,
  mcpForwardedCredentials,
  mcpLoginLimiter,
  mcpServiceAccount,
} from '../../lib/index.js';
import { requestState, type SessionHooks } from '../../lib/request-state.js';
import { type Call, call, initialize } from '../support/call.js';
import { listen } from '../support/events.js';
import { gate } from '../support/gate.js';
import { bad, checksOptions } from '../support/options.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { type Told, tell } from '../support/tell.js';

const HEADERS = ['Authorization', 'X-Acme-Organization-Id'];
const TAKEN = { headers: HEADERS, required: ['Authorization'] };
const KEY = { authorization: 'Basic a2V5OnNlY3JldA==' };
const CHALLENGES = ['Authorization realm="mcp"'];
const SECRET = 'a secret that all nodes have, 32 bytes or more';

const serveWith = (options: Partial<ForwardedCredentialsOptions> = {}, ...more: RequestHandler[]) =>
  serve(mcpForwardedCredentials({ ...TAKEN, ...options }), ...more, tell);

async function subjectOf(url: URL, headers: Call['headers']): Promise<string | null> {
  const { status, json, text } = await call(url, { ...(headers && { headers }) });
  expect(status, text).to.equal(200);
  return (json as Told).user;
}

describe('mcpForwardedCredentials', () => {
  checksOptions(
    'mcpForwardedCredentials',
    mcpForwardedCredentials,
    { headers: HEADERS },
    {
      headers: [...bad.texts, ['a b'], ['é'], ['x', 'X'], ['Host'], ['x', 'Cookie'], ['Mcp-Session-Id']],
      required: [...bad.texts, ['x-other'], ['authorization', 'Authorization'], ['Host']],
      identify: ['f', 5, null, {}, { verify: 1 }, { verify() {}, isActive: 1 }],
      upstream: [
        ...bad.texts,
        ['api.example'],
        ['https://api.example/v1'],
        ['http://api.example'],
        ['https://api.example', 'https://user@api.example'],
      ],
      secret: ['', 'short', 5, null, {}, new Uint8Array(31), 'x'.repeat(31)],
      scheme: ['', 'a b', 'é', 5, null],
      proofCache: bad.proofCache,
      timeoutMs: bad.milliseconds,
      maxConcurrent: bad.count,
    },
  );

  it('refuses options that have no meaning beside each other', () => {
    const identify = () => null;
    const combinations: readonly [string, Partial<ForwardedCredentialsOptions>][] = [
      ['secret', { identify, secret: SECRET }],
      ['timeoutMs', { timeoutMs: 5 }],
      ['maxConcurrent', { maxConcurrent: 5 }],
    ];
    for (const [name, options] of combinations) {
      const make = () => mcpForwardedCredentials({ ...TAKEN, ...options });
      expect(make, name).to.throw(TypeError, `mcpForwardedCredentials: option "${name}" must`);
    }
    for (const options of [{ identify, timeoutMs: 5, maxConcurrent: 5 }, { secret: new Uint8Array(32) }])
      mcpForwardedCredentials({ ...TAKEN, ...options });
  });

  describe('without identify', () => {
    it('makes another person of another key, another organisation, and none', async () => {
      await using served = await serveWith();
      const org = (id: string) => ({ ...KEY, 'X-ACME-Organization-ID': id });
      const headers = [
        KEY,
        { authorization: 'basic a2V5OnNlY3JldA==' },
        { authorization: 'Basic b3RoZXI=' },
        org('1'),
        org('2'),
        org(''),
        org('null'),
        { ...org('1'), authorization: 'Bearer 1' },
      ];
      const subjects = await Promise.all(headers.map((one) => subjectOf(served.url, one)));
      expect(new Set(subjects).size).to.equal(headers.length);
      for (const subject of subjects) expect(subject).to.match(/^forwarded:[\w-]{43}$/);
      const again = await subjectOf(served.url, { 'x-acme-organization-id': '1', ...KEY, 'x-other': 'y' });
      expect(again).to.equal(subjects[3]);
    });

    it('is the same person to every guard of this process, and with a secret on every node', async () => {
      const subjects = async (...options: Partial<ForwardedCredentialsOptions>[]) => {
        const answers = options.map(async (one) => {
          await using served = await serveWith(one);
          return await subjectOf(served.url, KEY);
        });
        return new Set(await Promise.all(answers)).size;
      };
      expect(await subjects({}, { headers: [...HEADERS].reverse() })).to.equal(1);
      expect(await subjects({ secret: SECRET }, { secret: Buffer.from(SECRET) })).to.equal(1);
      expect(await subjects({}, { secret: SECRET }, { secret: `${SECRET}.` })).to.equal(3);
      await using served = await serveWith({ secret: SECRET });
      // Written down: whoever changes it makes strangers of everybody who has a session.
      expect(await subjectOf(served.url, KEY)).to.equal(
        'forwarded:UQYha6IjgP_LJPpxgTp3oPnLDY5jSWPs7cMPbjMZ6No',
      );
    });

    it('asks no limiter, since nothing is guessed', async () => {
      const store = {
        reserve: () => expect.fail('it asked the limiter'),
        settle: () => expect.fail('it asked the limiter'),
      };
      await using served = await serve(
        mcpLoginLimiter({ points: 1, store }),
        mcpForwardedCredentials(TAKEN),
        tell,
      );
      const keys = Array.from({ length: 300 }, (_, index) => ({ authorization: `Key ${index}` }));
      const subjects = await Promise.all(keys.map((headers) => subjectOf(served.url, headers)));
      expect(new Set(subjects).size).to.equal(keys.length);
    });
  });

  describe('of what is there', () => {
    it('lets a request pass that carries none of the headers', async () => {
      await using served = await serveWith();
      expect(await subjectOf(served.url, { 'x-other': '1' })).to.equal(null);
    });

    it('refuses a required header that is missing or empty', async () => {
      await using served = await serveWith();
      for (const headers of [
        { 'x-acme-organization-id': '1' },
        { 'x-acme-organization-id': '' },
        { authorization: '' },
        { authorization: '', 'x-acme-organization-id': '1' },
      ]) {
        const reply = await call(served.url, { headers });
        expectRefusal(reply, 'malformed_credentials', { challenges: CHALLENGES });
      }
    });

    it('wants all of the headers unless told otherwise', async () => {
      await using served = await serve(mcpForwardedCredentials({ headers: ['X-Key', 'X-Org'] }), tell);
      for (const headers of [{ 'x-key': '1' }, { 'x-org': '1' }, { 'x-key': '1', 'x-org': '' }]) {
        const reply = await call(served.url, { headers });
        expectRefusal(reply, 'malformed_credentials', { challenges: ['X-Key realm="mcp"'] });
      }
      expect(await subjectOf(served.url, { 'x-key': '1', 'x-org': '2' })).to.be.a('string');
    });

    it('refuses a header that no request can carry, should one come', async () => {
      const smuggle: RequestHandler = (request, _response, next) => {
        request.rawHeaders.push('X-Key', 'a\u0000b');
        next();
      };
      await using served = await serve(smuggle, mcpForwardedCredentials({ headers: ['X-Key'] }));
      expectRefusal(await call(served.url, {}), 'malformed_credentials', {
        challenges: ['X-Key realm="mcp"'],
      });
    });

    it('refuses one that comes twice, a query token, and another credential beside it', async () => {
      const bearer = mcpBearerAuth({ verifier: ({ token }) => ({ subject: token }) });
      await using served = await serve(
        bearer,
        mcpForwardedCredentials({ headers: ['X-Key', 'X-Org'] }),
        tell,
      );
      const both = ['X-Key', '1', 'X-Org', '2'];
      const many: readonly Call[] = [
        { headers: [...both, 'x-org', '2'] },
        { headers: [...both, 'X-KEY', ''] },
        { headers: both, path: '/mcp?access_token=t' },
        { headers: [...both, 'Authorization', 'Bearer t'] },
      ];
      for (const request of many) expectRefusal(await call(served.url, request), 'ambiguous_credentials');
      expect(await subjectOf(served.url, { authorization: 'Bearer t' })).to.equal('t');
    });

    it('owns Authorization whatever its scheme, and never falls back to the service account', async () => {
      const account = mcpServiceAccount({ principal: { subject: 'service' } });
      await using served = await serveWith({ identify: () => null }, account);
      for (const authorization of ['Basic', 'Bearer t', 'raw-key', 'Key a b c', '"', 'Basic YTpi']) {
        const reply = await call(served.url, { headers: { authorization } });
        expectRefusal(reply, 'invalid_credentials', { challenges: CHALLENGES });
      }
      expect(await subjectOf(served.url, {})).to.equal('service');
    });

    it('never falls back to the service account with a header of its own either', async () => {
      const account = mcpServiceAccount({ principal: { subject: 'service' } });
      await using served = await serve(
        mcpForwardedCredentials({ headers: ['X-Key'], identify: () => null }),
        account,
        tell,
      );
      const challenges = ['X-Key realm="mcp"'];
      expectRefusal(await call(served.url, { headers: { 'x-key': '1' } }), 'invalid_credentials', {
        challenges,
      });
      expectRefusal(await call(served.url, { headers: { 'x-key': '' } }), 'malformed_credentials', {
        challenges,
      });
    });

    it('names the scheme it is told', async () => {
      await using served = await serveWith({ scheme: 'Basic' });
      const challenges = ['Basic realm="mcp"'];
      expectRefusal(await call(served.url, { headers: { authorization: '' } }), 'malformed_credentials', {
        challenges,
      });
      await using bearer = await serveWith({ scheme: 'Bearer', identify: () => null });
      expectRefusal(await call(bearer.url, { headers: KEY }), 'invalid_credentials', {
        challenges: ['Bearer realm="mcp", error="invalid_token"'],
      });
    });

    it('does nothing on other methods', async () => {
      await using served = await serveWith({ identify: () => expect.fail('it asked') });
      for (const method of ['OPTIONS', 'PUT', 'PATCH'])
        expect((await call(served.url, { method, headers: KEY })).json).to.include({ user: null });
    });

    it('makes no token of the headers, and leaves them to Express', async () => {
      let seen: unknown;
      const look: RequestHandler = (request, _response, next) => {
        seen = [request.headers.authorization, requestState(request).forwarded?.get('Authorization')];
        next();
      };
      await using served = await serveWith({}, look);
      const told = (await call(served.url, { headers: KEY })).json as Told;
      expect(told).to.include({ authToken: '', principalToken: null });
      expect(JSON.stringify(told)).to.not.include('a2V5');
      expect(seen).to.deep.equal([KEY.authorization, KEY.authorization]);
    });
  });

  describe('with identify', () => {
    it('is who it says, and hears of all headers taken, which can be sent as they are', async () => {
      const asked: [ForwardedHeaders, string | null][] = [];
      const identify: ForwardedCredentialsOptions['identify'] = (headers, { request, signal }) => {
        expect(request.method).to.equal('POST');
        expect(signal).to.be.instanceOf(AbortSignal);
        asked.push([headers, new Headers(headers).get('authorization')]);
        return { subject: 'ada', tenant: headers['x-acme-organization-id'] ?? 'none' };
      };
      await using served = await serveWith({ identify });
      const org = { ...KEY, 'x-acme-organization-id': 'north', 'x-other': '1' };
      expect((await call(served.url, { headers: org })).json).to.deep.nested.include({
        principal: { subject: 'ada', tenant: 'north' },
      });
      expect((await call(served.url, { headers: KEY })).json).to.deep.nested.include({
        principal: { subject: 'ada', tenant: 'none' },
      });
      expect(asked.map(([headers, sent]) => [{ ...headers }, sent])).to.deep.equal([
        [{ ...KEY, 'x-acme-organization-id': 'north' }, KEY.authorization],
        [KEY, KEY.authorization],
      ]);
      expect(JSON.stringify(asked.map(([headers]) => headers))).to.not.include('a2V5');
    });

    it('counts a wrong key on the address, and nothing else', async () => {
      const keys: unknown[] = [];
      const store = {
        reserve: (asked: object) => {
          keys.push(Object.keys(asked));
          return { status: 'reserved', keys: asked, id: '1' } as const;
        },
        settle: (_reservation: unknown, outcome: string) => void keys.push(outcome),
      };
      const answers: Record<string, () => never | null> = {
        wrong: () => null,
        forbidden: () => {
          throw new McpGuardError('forbidden');
        },
        down: () => {
          throw new Error('down');
        },
      };
      const identify = ({ authorization = '' }: ForwardedHeaders) => answers[authorization]?.() ?? null;
      await using served = await serve(
        mcpLoginLimiter({ store }),
        mcpForwardedCredentials({ ...TAKEN, identify }),
        tell,
      );
      const status = async (authorization: string) =>
        (await call(served.url, { headers: { authorization } })).status;
      expect([await status('wrong'), await status('forbidden'), await status('down')]).to.deep.equal([
        ...[401, 403, 503],
      ]);
      expect(keys).to.deep.equal([['ip'], 'failed', ['ip'], 'released', ['ip'], 'released']);
    });

    it('stops the guessing of keys', async () => {
      await using served = await serve(
        mcpLoginLimiter({ points: 3 }),
        mcpForwardedCredentials({ ...TAKEN, identify: () => null }),
        tell,
      );
      const statuses: number[] = [];
      for (let i = 0; i < 5; i += 1)
        statuses.push((await call(served.url, { headers: { authorization: `Key ${i}` } })).status);
      expect(statuses).to.deep.equal([401, 401, 401, 429, 429]);
    });

    it('is asked once for requests at once, and once in a while for one set of headers', async () => {
      const answer = gate<{ subject: string }>();
      let asked = 0;
      const identify = () => {
        asked += 1;
        return answer.opened;
      };
      await using served = await serveWith({ identify });
      const calls = Array.from({ length: 20 }, () => subjectOf(served.url, KEY));
      answer.open({ subject: 'ada' });
      expect(new Set(await Promise.all(calls))).to.deep.equal(new Set(['ada']));
      await subjectOf(served.url, KEY);
      expect(asked).to.equal(1);
      await subjectOf(served.url, { ...KEY, 'x-acme-organization-id': '1' });
      expect(asked).to.equal(2);
    });

    it('has an end, and a limit', async () => {
      const never = gate<null>();
      await using served = await serveWith({ identify: () => never.opened, timeoutMs: 30, maxConcurrent: 1 });
      using heard = listen();
      const [one, two] = await Promise.all([
        call(served.url, { headers: KEY }),
        call(served.url, { headers: { authorization: 'other' } }),
      ]);
      for (const reply of [one, two]) expectRefusal(reply, 'unavailable');
      const reasons = heard.events.map((event) => 'reason' in event && event.reason);
      expect(reasons).to.have.members(['overloaded', 'verifier_timeout']);
    });

    it('has the part in sessions that its verifier has', async () => {
      const hooksOf = async (identify: CredentialVerifier<ForwardedHeaders>) => {
        let hooks: SessionHooks | undefined;
        await using served = await serve(
          mcpForwardedCredentials({ ...TAKEN, identify }),
          (request, response) => {
            hooks = requestState(request).keepers[0]?.hooks;
            response.end();
          },
        );
        await call(served.url, {});
        return hooks;
      };
      const verify = () => null;
      expect(await hooksOf({ verify })).to.equal(undefined);
      expect(await hooksOf({ verify, startSession: () => {} })).to.have.all.keys('startSession');
    });

    it('takes a verifier: isActive is asked on every request', async () => {
      let active = true;
      const identify = { verify: () => ({ subject: 'ada' }), isActive: () => active };
      await using served = await serveWith({ identify });
      expect(await subjectOf(served.url, KEY)).to.equal('ada');
      active = false;
      expectRefusal(await call(served.url, { headers: KEY, body: initialize() }), 'invalid_credentials', {
        challenges: CHALLENGES,
      });
    });
  });
});
