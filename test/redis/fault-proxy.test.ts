import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import { expect } from 'chai';

import { type FaultProxy, faultProxy } from '../support/fault-proxy.js';
import { until } from '../support/gate.js';

/** One connection through the proxy, and what has come back. */
interface Peer {
  readonly socket: Socket;
  text: string;
  /** `undefined` while it is open. */
  ended?: 'end' | string;
}

describe('the fault proxy', () => {
  const sockets = new Set<Socket>();
  let heard = '';
  let server: Server;
  let proxy: FaultProxy;

  beforeEach(async () => {
    heard = '';
    // Answers each chunk with the same in upper case.
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
      socket.on('data', (chunk) => {
        heard += chunk;
        socket.write(String(chunk).toUpperCase());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await faultProxy({ port: (server.address() as AddressInfo).port });
  });

  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
    expect(proxy.connections).to.equal(0);
  });

  async function open(): Promise<Peer> {
    const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8').setNoDelay(true);
    const peer: Peer = { socket, text: '' };
    socket.on('data', (chunk: string) => {
      peer.text += chunk;
    });
    socket.once('end', () => (peer.ended ??= 'end'));
    socket.on('error', (error: NodeJS.ErrnoException) => (peer.ended ??= String(error.code)));
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
    return peer;
  }

  const says = (peer: Peer, text: string): Promise<void> =>
    until(`"${peer.text}" is "${text}"`, () => peer.text === text);

  const ends = (peer: Peer): Promise<void> => until('the connection is over', () => peer.ended);

  async function ask(peer: Peer, text: string): Promise<void> {
    const before = peer.text;
    peer.socket.write(text);
    await says(peer, before + text.toUpperCase());
  }

  /** Long enough for what is not held back. */
  const moment = (ms = 50): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('passes everything on, ends too', async () => {
    const peer = await open();
    await ask(peer, 'one');
    await ask(peer, 'two');
    expect(proxy.connections).to.equal(1);
    peer.socket.end();
    await ends(peer);
    expect(peer.ended).to.equal('end');
    await until('the proxy has let go', () => proxy.connections === 0);
  });

  it('latency: each reply comes so much later, in order', async () => {
    const peer = await open();
    await proxy.set({ kind: 'latency', ms: 120 });
    const since = performance.now();
    peer.socket.write('a');
    await moment(20);
    peer.socket.write('b');
    await says(peer, 'AB');
    expect(performance.now() - since).to.be.within(110, 5000);
    await proxy.clear();
    await ask(peer, 'c');
  });

  it('reset: existing connections, new ones, or both', async () => {
    const first = await open();
    await proxy.set({ kind: 'reset', which: 'existing' });
    await ends(first);
    expect(first.ended).to.equal('ECONNRESET');
    const second = await open();
    await ask(second, 'x');
    await proxy.set({ kind: 'reset', which: 'new' });
    await ask(second, 'y');
    const third = await open();
    await ends(third);
    await proxy.set({ kind: 'reset' });
    await ends(second);
    await proxy.clear();
    await ask(await open(), 'z');
  });

  it('black hole: holds what comes in, from new connections too, and delivers it', async () => {
    const first = await open();
    await proxy.set({ kind: 'black hole', afterwards: 'deliver' });
    const second = await open();
    first.socket.write('one');
    second.socket.write('two');
    await moment();
    expect([heard, first.text, second.text]).to.deep.equal(['', '', '']);
    await proxy.clear();
    await says(first, 'ONE');
    await says(second, 'TWO');
  });

  it('black hole: or drops the connections', async () => {
    const peer = await open();
    await proxy.set({ kind: 'black hole' });
    peer.socket.write('one');
    await moment();
    expect(peer.ended).to.equal(undefined);
    await proxy.clear();
    await ends(peer);
    expect([heard, peer.text]).to.deep.equal(['', '']);
  });

  it('swallows replies: the request arrives, its answer late or never', async () => {
    const late = await open();
    await proxy.set({ kind: 'swallow replies', afterwards: 'deliver' });
    late.socket.write('one');
    await until('the request has arrived', () => heard === 'one');
    await moment();
    expect(late.text).to.equal('');
    await proxy.clear();
    await says(late, 'ONE');
    await proxy.set({ kind: 'swallow replies' });
    late.socket.write('two');
    await until('the request has arrived', () => heard === 'onetwo');
    await moment();
    await proxy.clear();
    await ends(late);
    expect(late.text).to.equal('ONE');
  });

  it('trickle: so many bytes at a time', async () => {
    const peer = await open();
    await proxy.set({ kind: 'trickle', bytes: 2, everyMs: 30 });
    const since = performance.now();
    await ask(peer, 'abcdefghij');
    expect(performance.now() - since).to.be.within(110, 5000);
  });

  it('cut: the connection breaks in the middle of a reply', async () => {
    const peer = await open();
    await proxy.set({ kind: 'cut', afterBytes: 3 });
    peer.socket.write('abcdef');
    await ends(peer);
    expect('ABC'.startsWith(peer.text), peer.text).to.equal(true);
    expect(heard).to.equal('abcdef');
  });

  it('refuse: nobody listens; afterwards on the same port', async () => {
    const peer = await open();
    await proxy.set({ kind: 'refuse' });
    await ends(peer);
    expect((await open()).ended).to.equal('ECONNREFUSED');
    await proxy.clear();
    await ask(await open(), 'back');
  });

  it('concerns subscribers alone, or all others alone', async () => {
    const commands = await open();
    const subscriber = await open();
    await ask(subscriber, '*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n');
    await proxy.set({ kind: 'swallow replies', only: 'others', afterwards: 'deliver' });
    await ask(subscriber, 'message');
    commands.socket.write('one');
    await moment();
    expect(commands.text).to.equal('');
    await proxy.set({ kind: 'reset', only: 'subscribers' });
    await ends(subscriber);
    await says(commands, 'ONE');
    const another = await open();
    await ask(another, 'hello');
    another.socket.write('*2\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n');
    await ends(another);
    await ask(commands, 'two');
  });

  it('resets who connects while its server is gone', async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
    const peer = await open();
    peer.socket.write('x');
    await ends(peer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
});
