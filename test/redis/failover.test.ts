import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'chai';

import { basic } from '../support/call.js';
import { digest } from '../support/children/chain.js';
import { textOf } from '../support/client.js';
import type { Fault } from '../support/fault-proxy.js';
import { until } from '../support/gate.js';
import { needsRedisServer } from '../support/redis-server.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, resume, type Session } from '../support/session.js';
import type { Stream } from '../support/stream.js';
import { type Place, type World, world } from './faults/world.js';

const PASSWORD = 'right';
const MAX_PER_PRINCIPAL = 2;
/** What the other nodes are given to close a stream. */
const STREAM_MS = 2000;

const as = (user: string): { readonly authorization: string } => ({ authorization: basic(user, PASSWORD) });
const moment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The same session at another node. */
const at = (place: Place, session: Session): Session => resume(place.url, session.headers, session.id);

async function open(binding: object, client: 'redis' | 'ioredis'): Promise<World> {
  return world({ nodes: 2, users: { '*': PASSWORD }, binding, redis: { client } });
}

/** Waits until the session's login has been undone, and as long as a second undoing may take. */
async function undoings({ logouts }: World, id: string, patienceMs = 5000): Promise<readonly string[]> {
  const own = () => logouts().filter(({ sessionId }) => sessionId === id);
  await until('the login is undone', () => own().length > 0, patienceMs);
  await moment(1500);
  return own().map(({ reason, token }) => `${reason} ${digest(token)}`);
}

for (const client of ['redis', 'ioredis'] as const) {
  describe(`two nodes with one Redis (${client})`, function () {
    this.timeout(60_000);
    let stage: World;
    let home: Place;
    let away: Place;
    let people = 0;
    let ann: string;

    before(async function () {
      needsRedisServer(this);
      stage = await open({ maxSessionsPerPrincipal: MAX_PER_PRINCIPAL }, client);
      [home, away] = stage.places as [Place, Place];
    });

    beforeEach(() => {
      people += 1;
      ann = `ann ${people}`;
    });

    afterEach(async () => {
      for (const { proxy } of stage.places) await proxy.clear();
      for (const place of stage.places) if (!place.node.isAlive) await stage.restart(place);
    });

    after(() => stage?.[Symbol.asyncDispose]());

    it('a client of the SDK goes on when its node is killed: same session, same login', async () => {
      let place = home;
      const transport = new StreamableHTTPClientTransport(new URL('http://mcp.test/mcp'), {
        requestInit: { headers: as(ann) },
        // What a load balancer does.
        fetch: (_url, init) => fetch(place.url, init),
        reconnectionOptions: {
          initialReconnectionDelay: 50,
          maxReconnectionDelay: 500,
          reconnectionDelayGrowFactor: 1.5,
          maxRetries: 10,
        },
      });
      const sdk = new Client({ name: 'test', version: '1' });
      await sdk.connect(transport);
      const { sessionId } = transport;
      expect(await textOf(sdk, 'whoami')).to.equal(`${ann}, ${ann}, at a`);
      const issued = await textOf(sdk, 'token');
      const running = sdk.callTool({ name: 'slow', arguments: { ms: 20_000 } }, undefined, { timeout: 2000 });
      running.catch(() => {});
      await until('the call runs', async () => (await home.node.counts()).ran.slow === 1);

      await stage.kill(home);
      place = away;
      expect(await textOf(sdk, 'whoami')).to.equal(`${ann}, ${ann}, at b`);
      expect(await textOf(sdk, 'token')).to.equal(issued);
      expect(transport.sessionId).to.equal(sessionId);
      const logins = stage.logins().filter((login) => login.sessionId === sessionId);
      expect(logins.map(({ token }) => digest(token))).to.deep.equal([issued]);
      expect(await running.catch(() => 'no answer')).to.equal('no answer');
      await transport.terminateSession();
      await sdk.close();
      expect(await undoings(stage, String(sessionId))).to.deep.equal([`deleted ${issued}`]);
    });

    it('a stranger with the id gets the 404 of an unknown one, on every node', async () => {
      const session = await begin(home.url, as(ann));
      const ask = async (): Promise<void> => {
        for (const place of stage.places.filter(({ node }) => node.isAlive)) {
          const before = (await place.node.counts()).made;
          for (const id of [session.id, 'A'.repeat(43)]) {
            const stranger = resume(place.url, as('mallory'), id);
            expectRefusal(
              await stranger.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
              'session_not_found',
            );
            expectRefusal(await stranger.delete(), 'session_not_found');
          }
          expect((await place.node.counts()).made, 'servers built for a stranger').to.equal(before);
        }
      };
      await ask();
      await stage.kill(home);
      await ask();
      const issued = await at(away, session).tool('token');
      await ask();
      await at(away, session).delete();
      expect(await undoings(stage, session.id)).to.deep.equal([`deleted ${issued}`]);
    });

    const endings: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
      deleted: (session) => at(away, session).delete(),
      revoked: ({ id }) => away.node.revoke({ sessionId: id }),
      'revoked by subject': () => away.node.revoke({ subject: ann }),
      evicted: async () => {
        for (let i = 0; i < MAX_PER_PRINCIPAL; i += 1) {
          await moment(5);
          await begin(away.url, as(ann));
        }
      },
    };
    for (const [how, endIt] of Object.entries(endings)) {
      const [reason] = how.split(' ');
      it(`${how} at another node: its login is undone once, and no node serves it`, async () => {
        const session = await begin(home.url, as(ann));
        const issued = await session.tool('token');
        await endIt(session);
        expect(await undoings(stage, session.id)).to.deep.equal([`${reason} ${issued}`]);
        for (const place of stage.places)
          expectRefusal(
            await at(place, session).send({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
            'session_not_found',
          );
      });
    }

    const cuts: Readonly<Record<string, Fault | undefined>> = {
      'all is well': undefined,
      'what Redis tells is cut off': { kind: 'reset', only: 'subscribers' },
      'what Redis tells gets lost': { kind: 'black hole', only: 'subscribers' },
    };
    for (const [when, fault] of Object.entries(cuts)) {
      for (const how of ['deleted', 'revoked']) {
        it(`${how} at another node: its stream is closed within 2 seconds, when ${when}`, async () => {
          const session = await begin(home.url, as(ann));
          const issued = await session.tool('token');
          const stream: Stream = await session.listen();
          expect(stream.response.statusCode).to.equal(200);
          if (fault) for (const { proxy } of stage.places) await proxy.set(fault);
          const since = performance.now();
          await endings[how]?.(session);
          await stream.ended;
          expect(performance.now() - since).to.be.below(STREAM_MS);
          expect(await undoings(stage, session.id)).to.deep.equal([`${how} ${issued}`]);
          await until('its server is closed', async () => (await home.node.counts()).live === 0);
        });
      }
    }

    it('a node that is closed in order ends no session', async () => {
      const session = await begin(home.url, as(ann));
      const issued = await session.tool('token');
      expect(await home.node.close()).to.equal(0);
      expect(await at(away, session).tool('token')).to.equal(issued);
      expect(stage.logouts().filter(({ sessionId }) => sessionId === session.id)).to.deep.equal([]);
      await at(away, session).delete();
      expect(await undoings(stage, session.id)).to.deep.equal([`deleted ${issued}`]);
    });
  });
}

describe('sessions of a node that was killed', function () {
  this.timeout(60_000);
  let stage: World | undefined;

  before(function () {
    needsRedisServer(this);
  });

  afterEach(() => stage?.[Symbol.asyncDispose]());

  it('idle there, they are ended by another node, and their logins undone once', async () => {
    stage = await open({ idleSeconds: 3 }, 'redis');
    const [home, away] = stage.places as [Place, Place];
    const session = await begin(home.url, as('ann'));
    const issued = await session.tool('token');
    // A node learns of its verifiers from its first requests.
    const other = await begin(away.url, as('bob'));
    await stage.kill(home);
    expect(await undoings(stage, session.id, 15_000)).to.deep.equal([`idle ${issued}`]);
    expect(await undoings(stage, other.id, 15_000)).to.have.length(1);
    expect(await away.node.list()).to.deep.equal([]);
  });
});
