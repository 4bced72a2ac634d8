import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';

import { holdStream } from '../../lib/audit/held-stream.js';
import { targetAt } from '../../lib/audit/target.js';

const nobody = { name: 'nobody', headers: [] };

async function withStream(
  use: (stream: Awaited<ReturnType<typeof holdStream>>, response: ServerResponse) => Promise<void>,
): Promise<void> {
  let opened: ServerResponse | undefined;
  const server = createServer((_, response) => {
    opened = response;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(': hello\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`);
  try {
    const stream = await holdStream(targetAt(url, [], 5000), nobody, url);
    if (!opened) throw new Error('nobody asked');
    await use(stream, opened);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('a stream that an audit holds', () => {
  it('waits for an event that comes later', () =>
    withStream(async (stream, response) => {
      expect(stream.reply.status).to.equal(200);
      const event = stream.first((one) => one.event === 'endpoint');
      response.write('event: endpoint\ndata: /messages\n\n');
      expect((await event)?.data).to.equal('/messages');
      await stream.close();
    }));

  it('has no event where it ends before one comes', () =>
    withStream(async (stream, response) => {
      const event = stream.first((one) => one.event === 'endpoint');
      response.end('data: another\n\n');
      expect(await event).to.equal(undefined);
    }));
});
