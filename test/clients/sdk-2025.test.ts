import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  StreamableHTTPClientTransport,
  type StreamableHTTPClientTransportOptions,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'chai';

import { until } from '../support/gate.js';
import { as } from '../support/guarded.js';
import { stateless } from '../support/stateless.js';
import { guardedV2 } from '../v2/support.js';
import { type Watched, watchedV1, watchedV2 } from './support/apps.js';
import { OAUTH_ATTEMPT, REFUSED, WRONG } from './support/cases.js';
import { oauthProvider } from './support/oauth.js';
import { watch } from './support/seen.js';

interface Failure extends Error {
  readonly code?: unknown;
  readonly data?: { readonly status?: number };
}

interface Kind {
  readonly name: string;
  /** The class of the error, and where the HTTP status is. */
  readonly error: string;
  statusOf(error: Failure): unknown;
  make(
    url: URL,
    options: StreamableHTTPClientTransportOptions,
  ): { client: Client; transport: StreamableHTTPClientTransport };
}

const info = { name: 'test', version: '1' };
/** As fast as can be, and more often than by default. */
const EAGER = {
  initialReconnectionDelay: 1,
  maxReconnectionDelay: 1,
  reconnectionDelayGrowFactor: 1,
  maxRetries: 2,
};

const KINDS: readonly Kind[] = [
  {
    name: 'the client of SDK v1',
    error: 'StreamableHTTPError',
    statusOf: ({ code }) => code,
    make: (url, options) => ({
      client: new Client(info),
      transport: new StreamableHTTPClientTransport(url, options),
    }),
  },
  {
    name: 'the client of SDK v2, by default',
    error: 'SdkHttpError',
    statusOf: ({ data }) => data?.status,
    // What the two have in common is all that is used here.
    make: (url, options) =>
      ({
        client: new ClientV2(info),
        transport: new TransportV2(url, options as ConstructorParameters<typeof TransportV2>[1]),
      }) as unknown as ReturnType<Kind['make']>,
  },
];
const SERVERS = [
  ['v1', watchedV1],
  ['v2', watchedV2],
] as const;

const failureOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('it was served'),
    (error: Failure) => error,
  );

for (const { name, error, statusOf, make } of KINDS) {
  for (const [generation, serve] of SERVERS) {
    describe(`${name}, at the handler for SDK ${generation}`, () => {
      const connected = async (app: Watched) => {
        const { client, transport } = make(app.url, {
          requestInit: { headers: { ...as('ann'), 'x-mcp-token': 'x' } },
          reconnectionOptions: EAGER,
        });
        const errors: string[] = [];
        await client.connect(transport);
        client.onerror = ({ message }) => errors.push(message);
        await app.sees('GET 200');
        return { client, transport, errors };
      };
      const echo = async (client: Client): Promise<unknown> => {
        const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
        return (content as { text?: string }[])[0]?.text;
      };

      it('sends its headers with every request, opens the GET stream, and leaves its session when it closes', async () => {
        await using app = await serve();
        const { client } = await connected(app);
        expect(await echo(client)).to.equal('hello');
        expect([...app.lines].sort()).to.deep.equal(['GET 200', 'POST 200', 'POST 200', 'POST 202']);
        for (const { headers } of app.seen) {
          expect(headers).to.include({ ...as('ann'), 'x-mcp-token': 'x' });
        }
        await client.close();
        expect(app.lines).to.have.length(4);
        expect(await app.sessions.list()).to.have.length(1);
      });

      it('ends its session when it is told to', async () => {
        await using app = await serve();
        const { client, transport } = await connected(app);
        await transport.terminateSession();
        expect(app.lines).to.include('DELETE 200');
        expect(await app.sessions.list()).to.deep.equal([]);
        await client.close();
      });

      for (const { status, code, headers, setting, prepare } of REFUSED) {
        it(`throws ${error} at ${status} ${code}, after one request`, async () => {
          await using app = await serve(setting);
          await prepare?.(app);
          const { client, transport } = make(app.url, { requestInit: { headers } });
          const failure = await failureOf(client.connect(transport));
          expect(failure.constructor.name).to.equal(error);
          expect(statusOf(failure)).to.equal(status);
          expect(failure.message).to.include(code);
          expect(app.lines).to.deep.equal([`POST ${status}`]);
        });
      }

      it('with an OAuth provider, tries to register itself at 401 and says that', async () => {
        await using app = await serve();
        const authProvider = oauthProvider();
        const { client, transport } = make(app.url, { requestInit: { headers: WRONG }, authProvider });
        const failure = await failureOf(client.connect(transport));
        expect(failure.message).to.include('HTTP 404');
        expect(app.lines).to.deep.equal(['POST 401', ...OAUTH_ATTEMPT]);
        expect(authProvider.opened).to.deep.equal([]);
      });

      it('takes it that there is no GET stream', async () => {
        await using app = generation === 'v1' ? await stateless() : await guardedV2({ binding: false });
        const seen = watch(app.served.server);
        const { client, transport } = make(app.url, { requestInit: { headers: as('ann') } });
        const errors: unknown[] = [];
        client.onerror = (failure) => errors.push(failure);
        await client.connect(transport);
        await seen.sees('GET 405');
        expect(await echo(client)).to.equal('hello');
        expect(errors).to.deep.equal([]);
        await client.close();
      });

      it('throws at the end of its session, and does not begin another by itself', async () => {
        await using app = await serve();
        const { client, transport, errors } = await connected(app);
        app.forget();
        await app.sessions.revoke({ subject: 'ann' });
        // Its GET stream: two attempts to have it back, then no more.
        await until('it has given up', () => errors.some((text) => text.includes('Maximum reconnection')));
        for (const _ of [1, 2]) {
          const failure = await failureOf(echo(client));
          expect(statusOf(failure)).to.equal(404);
          expect(failure.message).to.include('session_not_found');
        }
        expect(app.lines).to.deep.equal(['GET 404', 'GET 404', 'POST 404', 'POST 404']);
        // What an app has to do: a new transport, and connect again.
        expect(transport.sessionId).to.be.a('string');
        await client.close();
        const again = make(app.url, { requestInit: { headers: as('ann') } });
        await again.client.connect(again.transport);
        expect(await echo(again.client)).to.equal('hello');
        await again.client.close();
      });

      it('throws 401 once the person is disabled', async () => {
        let isActive = true;
        await using app = await serve({ basic: { isActive: () => isActive } });
        const { client } = await connected(app);
        isActive = false;
        const failure = await failureOf(echo(client));
        expect(statusOf(failure)).to.equal(401);
        expect(failure.message).to.include('invalid_credentials');
        await client.close();
      });
    });
  }
}

describe('a header Authorization beside an OAuth provider that has a token', () => {
  const authProvider = {
    ...oauthProvider(),
    tokens: () => ({ access_token: 'token', token_type: 'Bearer' }),
  };
  const [v1, v2] = KINDS;
  const ofUser = as('ann').authorization;
  for (const [kind, spelling, sent] of [
    [v1, 'Authorization', ofUser],
    [v1, 'authorization', `Bearer token, ${ofUser}`],
    [v2, 'Authorization', 'Bearer token'],
    [v2, 'authorization', 'Bearer token'],
  ] as const) {
    it(`${kind?.name} sends ${sent}, where it is spelled ${spelling}`, async () => {
      await using app = await watchedV1();
      const made = kind?.make(app.url, { requestInit: { headers: { [spelling]: ofUser } }, authProvider });
      await made?.client.connect(made.transport).catch(() => {});
      expect(app.seen[0]?.headers.authorization).to.equal(sent);
      expect(app.seen[0]?.line).to.equal(sent.includes(',') ? 'POST 401' : 'POST 200');
      await made?.client.close();
    });
  }
});
