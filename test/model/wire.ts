import type { Server } from 'node:http';
import { Duplex } from 'node:stream';

/** What came back on one connection. */
export interface Exchange {
  /** The head, as soon as it is there. */
  readonly opened: Promise<Head>;
  /** The whole, when it has ended or the server has hung up. */
  readonly closed: Promise<Answer>;
  readonly isClosed: boolean;
  /** The client hangs up. */
  leave(): void;
}

export interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

export interface Answer extends Head {
  readonly text: string;
}

/** The server's end of a connection that is no socket: what it writes is handed over, nothing waits for a kernel. */
class Connection extends Duplex {
  readonly remoteAddress: string;
  readonly #onBytes: (bytes: Buffer) => void;

  constructor(remoteAddress: string, onBytes: (bytes: Buffer) => void) {
    super({ allowHalfOpen: true });
    this.remoteAddress = remoteAddress;
    this.#onBytes = onBytes;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#onBytes(bytes);
    done();
  }

  override _final(done: () => void): void {
    done();
    this.destroy();
  }

  setTimeout(): this {
    return this;
  }
}

function headOf(bytes: string): (Head & { readonly rest: string }) | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(first.split(' ')[1]), headers, rest: bytes.slice(end + 4) };
}

function isWhole({ headers, rest }: Head & { readonly rest: string }): boolean {
  const length = headers.get('content-length');
  return length === undefined ? rest.endsWith('0\r\n\r\n') : rest.length >= Number(length);
}

/** Sends one request from `address` to `server`, which parses and answers it as it does any other. */
export function send(
  server: Server,
  address: string,
  request: string,
  onBytes: (text: string) => void,
): Exchange {
  let received = '';
  let isClosed = false;
  let open: (head: Head) => void = () => {};
  const opened = new Promise<Head>((resolve) => {
    open = resolve;
  });
  const connection = new Connection(address, (bytes) => {
    const text = bytes.toString('latin1');
    onBytes(text);
    received += text;
    const head = headOf(received);
    if (!head) return;
    open(head);
    if (isWhole(head)) connection.destroy();
  });
  const closed = new Promise<Answer>((resolve) => {
    connection.once('close', () => {
      isClosed = true;
      const { rest, ...head } = headOf(received) ?? {
        status: 0,
        headers: new Map<string, string>(),
        rest: '',
      };
      open(head);
      resolve({ ...head, text: rest });
    });
  });
  connection.on('error', () => {});
  server.emit('connection', connection);
  connection.push(request);
  return {
    opened,
    closed,
    get isClosed() {
      return isClosed;
    },
    leave: () => void connection.destroy(),
  };
}
