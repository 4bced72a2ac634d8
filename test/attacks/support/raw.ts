import { connect, type Socket } from 'node:net';

/** How often each status was answered. */
export type Tally = ReadonlyMap<number, number>;

/** One request as bytes on the wire. `headers` are lines, so that they may be doubled, misspelt or absent. */
export function rawRequest(line: string, headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[`${line} HTTP/1.1`, ...headers, ...length].join('\r\n')}\r\n\r\n${body}`;
}

/** What MCP wants of every client. */
export const MCP_LINES: readonly string[] = [
  'Host: 127.0.0.1',
  'Accept: application/json, text/event-stream',
  'Content-Type: application/json',
];

/**
 * Sends bytes on a connection of their own; resolves to all that comes back until the server hangs up, or until it
 * matches `enough`.
 */
export function exchange(port: number, bytes: string | Buffer, enough?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (enough?.test(text)) socket.destroy();
    });
    socket.once('close', () => resolve(text)).once('error', reject);
  });
}

/** A reply without the one header that tells the time. */
export function timeless(reply: string): string {
  return reply.replace(/\r\nDate: [^\r]*/i, '');
}

export function statusOf(reply: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1]);
}

/** Head and body of a reply; the body as it came. */
export function bodyOf(reply: string): string {
  return reply.slice(reply.indexOf('\r\n\r\n') + 4);
}

/**
 * Sends all `requests` at once, `perSocket` of them back to back on each connection (Node serves pipelined requests in
 * parallel), and counts the answers.
 */
export async function flood(port: number, requests: readonly string[], perSocket = 40): Promise<Tally> {
  const tally = new Map<number, number>();
  const batches: string[][] = [];
  for (let i = 0; i < requests.length; i += perSocket) batches.push(requests.slice(i, i + perSocket));
  await Promise.all(batches.map((batch) => pipeline(port, batch, tally)));
  return tally;
}

function pipeline(port: number, batch: readonly string[], tally: Map<number, number>): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = batch.length;
    let rest = '';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(batch.join('')));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      rest += chunk;
      for (const [, status] of rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        tally.set(Number(status), (tally.get(Number(status)) ?? 0) + 1);
        missing -= 1;
      }
      // Enough is kept for a status line that was cut in two, and not enough for a whole one.
      rest = rest.slice(-12);
      if (missing === 0) socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () =>
      missing === 0 ? resolve() : reject(new Error(`the server hung up with ${missing} answers missing`)),
    );
  });
}
