import { connect, type Socket } from 'node:net';

import { expect } from 'chai';

import { until } from '../support/gate.js';
import type { Left } from './children/ending-sessions.js';
import { start } from './support/child.js';
import { right } from './support/people.js';
import { MCP_LINES, rawRequest } from './support/raw.js';
import { begin } from './support/sessions.js';

it('E6: 2,000 sessions begun and ended in every way, random aborts among them: nothing is left of them', async () => {
  using child = start('ending-sessions', '2300');
  const left = await child.line<Left>();
  expect(left.begun).to.be.at.least(2000);
  expect(left.sessions, 'sessions').to.equal(0);
  expect(left.logins, 'logins that were not undone').to.equal(0);
  expect(left.servers, 'servers that something holds').to.be.at.most(2);
  expect(left.timers, 'timers').to.equal(0);
  expect(left.processListeners, 'listeners on the process').to.equal(0);
  expect(left.hasSubscribers, 'subscribers').to.equal(false);
  const growth = left.heapAfter / left.heapBefore - 1;
  expect(growth, `heap from ${left.heapBefore} to ${left.heapAfter} bytes`).to.be.below(0.05);
  expect(await child.exit(), 'the process ends by itself').to.equal(0);
}).timeout(400_000);

interface Listening {
  readonly socket: Socket;
  text: string;
  isClosed: boolean;
}

function listen(port: number, session: string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const lines = [...MCP_LINES, `Authorization: ${right('alice')}`, `Mcp-Session-Id: ${session}`];
    const socket = connect(port, '127.0.0.1', () => socket.write(rawRequest('GET /mcp', lines)));
    const listening: Listening = { socket, text: '', isClosed: false };
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      listening.text += chunk;
      if (listening.text.includes('\r\n\r\n')) resolve(listening);
    });
    socket.once('error', reject).once('close', () => {
      listening.isClosed = true;
    });
  });
}

it('E7: shutdown with 1,000 streams: each is ended and closed, each login undone, the process exits', async () => {
  using child = start('open-streams');
  const { port } = await child.line<{ port: number }>();
  const url = new URL(`http://127.0.0.1:${port}/mcp`);
  const streams: Listening[] = [];
  for (let batch = 0; batch < 20; batch += 1) {
    const opening = Array.from({ length: 50 }, async () => listen(port, await begin(url, right('alice'))));
    streams.push(...(await Promise.all(opening)));
  }
  expect(streams.every(({ text }) => text.startsWith('HTTP/1.1 200 OK\r\n'))).to.equal(true);
  expect(streams.some(({ isClosed }) => isClosed)).to.equal(false);

  child.process.kill('SIGTERM');
  expect(await child.line()).to.deep.equal({ undone: 1000, left: 0 });
  expect(await child.exit()).to.equal(0);
  await until('all streams are closed', () => streams.every(({ isClosed }) => isClosed));
  // Ended by the server, not cut off: the last chunk has come.
  expect(streams.filter(({ text }) => text.endsWith('\r\n0\r\n\r\n'))).to.have.length(1000);
}).timeout(400_000);
