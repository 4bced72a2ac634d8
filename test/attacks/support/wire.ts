import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** One response as it came over the wire. */
export interface RawReply {
  readonly status: number;
  /** Status line and headers, without the blank line. */
  readonly head: string;
  readonly body: string;
}

export interface RawOptions {
  /** Stop after this many responses. Default 1. */
  readonly count?: number;
  /** The address to call from. */
  readonly from?: string;
  /** Say so when `count` responses do not come in this time. Default 5000. */
  readonly timeoutMs?: number;
}

/**
 * Writes `bytes` on one connection, exactly as they are, and reads responses: `count` of them, or as many as come
 * before the server hangs up. Rejects where neither happens in time.
 */
export function sendRaw(
  port: number,
  bytes: string | Buffer,
  { count = 1, from, timeoutMs = 5000 }: RawOptions = {},
): Promise<RawReply[]> {
  return new Promise((resolve, reject) => {
    const replies: RawReply[] = [];
    let unread: Buffer = Buffer.alloc(0);
    const socket = connect({ port, host: '127.0.0.1', ...(from !== undefined && { localAddress: from }) });
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(replies);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`${replies.length} of ${count} responses after ${timeoutMs} ms`));
    }, timeoutMs);
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      for (let taken = takeReply(unread); taken; taken = takeReply(unread)) {
        unread = taken.rest;
        if (taken.reply.status >= 200) replies.push(taken.reply);
      }
      if (replies.length >= count) finish();
    });
    socket.on('close', finish);
    // A server that has refused may hang up while bytes are still on their way.
    socket.on('error', finish);
    socket.write(bytes);
  });
}

interface Taken {
  readonly reply: RawReply;
  readonly rest: Buffer;
}

function takeReply(bytes: Buffer): Taken | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.subarray(0, end).toString('latin1');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
  const after = bytes.subarray(end + 4);
  if (/^transfer-encoding: *chunked/im.test(head)) return takeChunks(status, head, after);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (after.length < length) return undefined;
  const body = after.subarray(0, length).toString();
  return { reply: { status, head, body }, rest: after.subarray(length) };
}

function takeChunks(status: number, head: string, bytes: Buffer): Taken | undefined {
  const chunks: Buffer[] = [];
  for (let rest = bytes; ; ) {
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(rest.subarray(0, lineEnd).toString('latin1'), 16);
    if (rest.length < lineEnd + 2 + size + 2) return undefined;
    const start = lineEnd + 2;
    chunks.push(rest.subarray(start, start + size));
    rest = rest.subarray(start + size + 2);
    if (size === 0) return { reply: { status, head, body: Buffer.concat(chunks).toString() }, rest };
  }
}

/** A request to `/mcp` as text, with `Host` and, for a body, `Content-Length`. `headers` are whole lines. */
export function rawRequest(method: string, headers: readonly string[], body = '', path = '/mcp'): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers];
  if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** What an MCP client sends with a POST. */
export const MCP_LINES: readonly string[] = [
  'Accept: application/json, text/event-stream',
  'Content-Type: application/json',
];

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** Serves on a free loopback port, with headers of up to 256 KB: Node's 16 KB would spare the guards the long ones. */
export async function listenRoomily(listener: RequestListener): Promise<Listening> {
  const server = createServer({ maxHeaderSize: 262_144 }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
