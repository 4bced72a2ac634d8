import { connect, type Socket } from 'node:net';

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';
import type { RequestHandler, Response } from 'express';

import { mcpBasicAuth, mcpHandler, mcpSessionBinding } from '../../lib/index.js';
import { toolCall } from '../support/call.js';
import { until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { passwords, right } from './support/people.js';
import { MCP_LINES, rawRequest } from './support/raw.js';
import { begin, hear, use } from './support/sessions.js';

it('A11: a second GET is a 409, and the first stream goes on hearing everything', async () => {
  const servers: McpServer[] = [];
  await using served = await serve(
    mcpBasicAuth({ verifier: passwords(['alice']) }),
    mcpSessionBinding(),
    mcpHandler({
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        servers.push(server);
        return server;
      },
    }),
  );
  const { url } = served;
  const session = await begin(url, right('alice'));
  const first = await hear(url, right('alice'), session);
  expect(first.response.statusCode).to.equal(200);
  const others = await Promise.all(Array.from({ length: 20 }, () => hear(url, right('alice'), session)));
  expect(others.map(({ response }) => response.statusCode)).to.deep.equal(others.map(() => 409));
  await Promise.all(others.map(({ ended }) => ended));
  await servers[0]?.sendLoggingMessage({ level: 'info', data: 'after the attack' });
  await until('the first stream has heard it', () => first.text.includes('after the attack'));
  expect(first.isEnded).to.equal(false);
  expect(others.some(({ text }) => text.includes('after the attack'))).to.equal(false);
  first.drop();
});

it('A11: of many first GETs at once exactly one gets the stream', async () => {
  await using served = await serve(
    mcpBasicAuth({ verifier: passwords(['alice']) }),
    mcpSessionBinding(),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  const session = await begin(served.url, right('alice'));
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => hear(served.url, right('alice'), session)),
  );
  const statuses = streams.map(({ response }) => response.statusCode).sort();
  expect(statuses).to.deep.equal([200, ...Array.from({ length: 19 }, () => 409)]);
  for (const stream of streams) stream.drop();
});

const MIB = 1024 * 1024;
/** 4 MiB, and what may be under way when it is noticed. */
const BOUND = 6 * MIB;
const CHUNK = 'x'.repeat(256 * 1024);

interface Flooding extends Served {
  /** The most that was waiting in the process for the deaf client, bytes. */
  peak: number;
  /** Whether its answer was closed. */
  isClosed: boolean;
}

/** A server that says 64 MiB to whoever listens, on the stream of the call (`own`) or on the standing one. */
async function flooding(): Promise<Flooding> {
  const watch: RequestHandler = (request, response: Response, next) => {
    if (request.headers['x-deaf'] === undefined) return next();
    response.once('close', () => {
      served.isClosed = true;
    });
    const write = response.write.bind(response);
    response.write = ((...args: Parameters<Response['write']>) => {
      const answer = write(...args);
      served.peak = Math.max(served.peak, response.writableLength);
      return answer;
    }) as Response['write'];
    return next();
  };
  const plain = await serve(
    watch,
    mcpBasicAuth({ verifier: passwords(['alice']) }),
    mcpSessionBinding(),
    mcpHandler({
      createServer: () => {
        const server = new McpServer({ name: 'flood', version: '1' }, { capabilities: { logging: {} } });
        const pour = async (say: (data: string) => Promise<void>): Promise<void> => {
          for (let sent = 0; sent < 64 * MIB; sent += CHUNK.length) {
            await say(CHUNK);
            await new Promise((resolve) => setImmediate(resolve));
          }
        };
        server.registerTool('own', {}, async ({ sendNotification }) => {
          const method = 'notifications/message';
          await pour((data) => sendNotification({ method, params: { level: 'info', data } }));
          return { content: [] };
        });
        server.registerTool('standing', {}, async () => {
          await pour((data) => server.sendLoggingMessage({ level: 'info', data }));
          return { content: [] };
        });
        return server;
      },
    }),
  );
  const served: Flooding = Object.assign(plain, { peak: 0, isClosed: false });
  return served;
}

/** A client that sends a request and never reads. */
function deaf(port: number, bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.pause();
      socket.write(bytes, () => resolve(socket));
    });
    // A reset is how it hears of the end.
    socket.once('error', reject).on('error', () => {});
  });
}

it('A12: a client that never reads its standing stream: the backlog is bounded, then the stream is closed', async () => {
  await using served = await flooding();
  const { url, port } = served;
  const session = await begin(url, right('alice'));
  const lines = [...MCP_LINES, 'X-Deaf: 1', `Authorization: ${right('alice')}`, `Mcp-Session-Id: ${session}`];
  const socket = await deaf(port, rawRequest('GET /mcp', lines));
  await until('the stream is there', async () => {
    const second = await hear(url, right('alice'), session);
    second.drop();
    return second.response.statusCode === 409;
  });
  // The call itself ends well: only the reader is punished.
  expect((await use(url, right('alice'), session, toolCall('standing'))).status).to.equal(200);
  await until('the stream is closed', () => served.isClosed);
  expect(served.peak).to.be.above(MIB).and.below(BOUND);
  await until('its place is free', async () => {
    const again = await hear(url, right('alice'), session);
    again.drop();
    return again.response.statusCode === 200;
  });
  socket.destroy();
});

it('A12: a client that never reads the answer to its own call: the same', async () => {
  await using served = await flooding();
  const { url, port } = served;
  const session = await begin(url, right('alice'));
  const lines = [...MCP_LINES, 'X-Deaf: 1', `Authorization: ${right('alice')}`, `Mcp-Session-Id: ${session}`];
  const body = JSON.stringify(toolCall('own', {}, 9));
  const socket = await deaf(port, rawRequest('POST /mcp', lines, body));
  await until('the answer is closed', () => served.isClosed);
  expect(served.peak).to.be.above(MIB).and.below(BOUND);
  socket.destroy();
});
