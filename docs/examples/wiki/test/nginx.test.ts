import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type Nginx, startNginx } from '../two-nodes/nginx.js';
import { freePort } from './support/free-port.js';
import { httpsFetch } from './support/https-fetch.js';
import { needsServices } from './support/needs.js';

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** In place of a node of the wiki. */
interface Upstream {
  readonly server: Server;
  readonly port: number;
  readonly seen: IncomingMessage[];
  behave: Behaviour;
}

async function upstream(): Promise<Upstream> {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    self.seen.push(request);
    self.behave(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const self: Upstream = { server, port, seen: [], behave: (_, response) => response.end('here') };
  return self;
}

const dieMidway: Behaviour = (request) => void request.socket.destroy();

describe('nginx.conf', () => {
  let nginx: Nginx;
  let upstreams: readonly [Upstream, Upstream];

  before(function () {
    needsServices(this, 'nginx.conf', { programs: ['nginx', 'openssl'] });
  });
  beforeEach(async () => {
    upstreams = [await upstream(), await upstream()];
    nginx = await startNginx({ port: await freePort(), nodes: [upstreams[0].port, upstreams[1].port] });
  });
  afterEach(async () => {
    await nginx?.close();
    for (const { server } of upstreams) {
      server.closeAllConnections();
      server.close();
    }
  });

  const send = (method: string, headers: Record<string, string> = {}): Promise<Response> =>
    httpsFetch(nginx.certificate)(new URL('/mcp', nginx.url), {
      method,
      headers,
      ...(method === 'POST' && { body: '{}' }),
    });
  const seen = (): number => upstreams.reduce((sum, one) => sum + one.seen.length, 0);

  it('keeps a session at one node, whatever else comes', async () => {
    for (let n = 0; n < 6; n++) {
      await send('POST', { 'Mcp-Session-Id': 'some-session' });
      await send('GET', { 'Mcp-Session-Id': 'some-session' });
      await send('POST');
    }
    const ofSession = upstreams.map(
      (one) => one.seen.filter(({ headers }) => headers['mcp-session-id']).length,
    );
    expect(ofSession).to.have.members([0, 12]);
    const ofNone = upstreams.map(
      (one) => one.seen.filter(({ headers }) => !headers['mcp-session-id']).length,
    );
    expect(ofNone).to.deep.equal([3, 3]);
  });

  it('says who came and how, whatever the client says', async () => {
    await send('POST', {
      'X-Forwarded-For': '192.0.2.1',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'evil.example',
      'X-Real-IP': '192.0.2.1',
      Forwarded: 'for=192.0.2.1;proto=http',
    });
    const headers = upstreams.flatMap((one) => one.seen)[0]?.headers;
    expect(headers).to.include({
      host: '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': '127.0.0.1',
    });
    expect(headers).not.to.have.any.keys('x-real-ip', 'forwarded');
  });

  it('hands on what the guards and the client need', async () => {
    const sent = {
      authorization: 'Basic eDp5',
      'x-mcp-token': 'shared',
      'mcp-session-id': 'some-session',
      'mcp-protocol-version': '2025-11-25',
      'last-event-id': 'some-event',
      origin: 'https://127.0.0.1',
    };
    for (const one of upstreams) {
      one.behave = (_, response) =>
        void response
          .writeHead(401, { 'WWW-Authenticate': 'Basic realm="wiki"', 'Mcp-Session-Id': 'another' })
          .end('refused');
    }
    const response = await send('POST', sent);
    expect(upstreams.flatMap((one) => one.seen)[0]?.headers).to.include(sent);
    expect(response.status).to.equal(401);
    expect(response.headers.get('www-authenticate')).to.equal('Basic realm="wiki"');
    expect(response.headers.get('mcp-session-id')).to.equal('another');
    expect(await response.text()).to.equal('refused');
  });

  it('passes each event on at once', async () => {
    let finish = (): void => {};
    for (const one of upstreams) {
      one.behave = (_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: first\n\n');
        finish = () => void response.end('data: last\n\n');
      };
    }
    const reader = (await send('GET')).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).to.equal('data: first\n\n');
    finish();
    expect((await reader?.read())?.value).to.equal('data: last\n\n');
  });

  it('asks the other node where one refuses connections, a POST included', async () => {
    const [gone, alive] = upstreams;
    gone.server.close();
    await once(gone.server, 'close');
    for (let n = 0; n < 8; n++) {
      const response = await send('POST', { 'Mcp-Session-Id': `session-${n}` });
      expect(response.status).to.equal(200);
    }
    expect(alive.seen).to.have.length(8);
  });

  it('never sends a POST again that has been under way', async () => {
    for (const one of upstreams) one.behave = dieMidway;
    expect((await send('POST')).status).to.equal(502);
    expect(seen()).to.equal(1);
  });

  for (const method of ['GET', 'DELETE']) {
    it(`sends a ${method} again that has been under way`, async () => {
      let isFirst = true;
      for (const one of upstreams) {
        one.behave = (request, response) => {
          if (isFirst) dieMidway(request, response);
          else response.end('here');
          isFirst = false;
        };
      }
      expect((await send(method)).status).to.equal(200);
      expect(seen()).to.equal(2);
    });
  }

  for (const status of [404, 429, 500, 503]) {
    it(`hands on a ${status}, and asks nobody else`, async () => {
      for (const one of upstreams) one.behave = (_, response) => void response.writeHead(status).end();
      expect((await send('POST')).status).to.equal(status);
      expect((await send('GET')).status).to.equal(status);
      expect(seen()).to.equal(2);
    });
  }
});
