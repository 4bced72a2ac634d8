import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { expect } from 'chai';

import { as } from '../support/guarded.js';
import { type Watched, watchedV1, watchedV2 } from './support/apps.js';
import { OAUTH_ATTEMPT, REFUSED, WRONG } from './support/cases.js';
import { oauthProvider } from './support/oauth.js';

type Options = ConstructorParameters<typeof StreamableHTTPClientTransport>[1];
interface Failure extends Error {
  readonly code?: string;
  readonly data?: { readonly status?: number };
}

const MODES: readonly (readonly [string, VersionNegotiationMode])[] = [
  ['auto', 'auto'],
  ['pinned to 2026-07-28', { pin: '2026-07-28' }],
];
/** What the client calls a refusal of its first request. */
const CODES: Readonly<Record<number, string>> = {
  401: 'CLIENT_HTTP_AUTHENTICATION',
  403: 'CLIENT_HTTP_FORBIDDEN',
  503: 'ERA_NEGOTIATION_FAILED',
};

for (const [name, mode] of MODES) {
  describe(`the client of SDK v2, ${name}`, () => {
    const make = (app: Watched, options: Options = { requestInit: { headers: as('ann') } }) => ({
      client: new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } }),
      transport: new StreamableHTTPClientTransport(app.url, options),
    });
    const echo = (client: Client): Promise<unknown> =>
      client
        .callTool({ name: 'echo', arguments: { text: 'hello' } })
        .then(({ content: [first] }) => first?.type === 'text' && first.text);
    const failureOf = (work: Promise<unknown>): Promise<Failure> =>
      work.then(
        () => expect.fail('it was served'),
        (error: Failure) => error,
      );

    it('asks once what the server speaks, and needs no session', async () => {
      await using app = await watchedV2();
      const { client, transport } = make(app);
      await client.connect(transport);
      expect(client.getNegotiatedProtocolVersion()).to.equal('2026-07-28');
      expect(await echo(client)).to.equal('hello');
      await transport.terminateSession();
      await client.close();
      expect(app.lines).to.deep.equal(['POST 200', 'POST 200']);
      expect(transport.sessionId).to.equal(undefined);
      expect(await app.sessions.list()).to.deep.equal([]);
    });

    for (const { status, code, headers, setting, prepare } of REFUSED) {
      const expected = CODES[status];
      if (!expected) continue;
      it(`throws ${expected} at ${status} ${code}, after one request, and does not fall back`, async () => {
        await using app = await watchedV2(setting);
        await prepare?.(app);
        const { client, transport } = make(app, { requestInit: { headers } });
        const failure = await failureOf(client.connect(transport));
        expect(failure.constructor.name).to.equal('SdkHttpError');
        expect([failure.code, failure.data?.status]).to.deep.equal([expected, status]);
        expect(app.lines).to.deep.equal([`POST ${status}`]);
      });
    }

    it('takes 429 for an old server: at most one more request, then it throws', async () => {
      const limited = REFUSED.find(({ status }) => status === 429);
      if (!limited) throw new Error('no such case');
      await using app = await watchedV2(limited.setting);
      await limited.prepare?.(app);
      const { client, transport } = make(app, { requestInit: { headers: limited.headers } });
      const failure = await failureOf(client.connect(transport));
      if (mode === 'auto') {
        expect(app.lines).to.deep.equal(['POST 429', 'POST 429']);
        expect([failure.constructor.name, failure.data?.status]).to.deep.equal(['SdkHttpError', 429]);
        expect(failure.message).to.include('too_many_attempts');
      } else {
        expect(app.lines).to.deep.equal(['POST 429']);
        expect([failure.constructor.name, failure.code]).to.deep.equal([
          'SdkError',
          'ERA_NEGOTIATION_FAILED',
        ]);
      }
    });

    it('with an OAuth provider, tries to register itself at 401 and says that', async () => {
      await using app = await watchedV2();
      const authProvider = oauthProvider() as NonNullable<Options>['authProvider'] & {
        readonly opened: readonly string[];
      };
      const { client, transport } = make(app, { requestInit: { headers: WRONG }, authProvider });
      const failure = await failureOf(client.connect(transport));
      expect(failure.message).to.include('HTTP 404');
      expect(app.lines).to.deep.equal(['POST 401', ...OAUTH_ATTEMPT]);
      expect(authProvider.opened).to.deep.equal([]);
    });

    it('is not touched by the end of sessions, and throws 401 once the person is disabled', async () => {
      let isActive = true;
      await using app = await watchedV2({ basic: { isActive: () => isActive } });
      const { client, transport } = make(app);
      await client.connect(transport);
      await app.sessions.revoke({ subject: 'ann' });
      expect(await echo(client)).to.equal('hello');
      isActive = false;
      const failure = await failureOf(echo(client));
      expect(failure.data?.status).to.equal(401);
      expect(failure.message).to.include('invalid_credentials');
      await client.close();
    });

    it(`at the handler for SDK v1 ${mode === 'auto' ? 'speaks the old era' : 'throws'}`, async () => {
      await using app = await watchedV1();
      const { client, transport } = make(app);
      if (mode !== 'auto') {
        const failure = await failureOf(client.connect(transport));
        expect(failure.code).to.equal('ERA_NEGOTIATION_FAILED');
        expect(app.lines).to.deep.equal(['POST 400']);
        return;
      }
      await client.connect(transport);
      expect(await echo(client)).to.equal('hello');
      await app.sees('GET 200');
      expect([...app.lines].sort()).to.deep.equal([
        'GET 200',
        'POST 200',
        'POST 200',
        'POST 202',
        'POST 400',
      ]);
      await client.close();
    });
  });
}
