import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';

/** One answer, as it came. */
export interface Reply {
  readonly status: number;
  readonly head: string;
  readonly raw: Buffer;
}

/** How the end of an answer is known. */
interface Frame {
  readonly head: string;
  /** `undefined`: it is chunked. */
  readonly length: number | undefined;
}

/**
 * A kept-alive HTTP/1.1 connection with one request at a time. It takes and gives whole messages as bytes, since what
 * it spends is taken from the server's own machine.
 */
export class Connection {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #size = 0;
  #frame: Frame | undefined;
  #resolve: ((reply: Reply) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket.setNoDelay();
    socket.on('data', (data) => this.#take(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** `from`: the loopback address that the server sees. */
  static open(port: number, from = '127.0.0.1'): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: from });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket.off('error', reject))));
    });
  }

  send(bytes: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection is closed'));
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#socket.destroy();
  }

  #take(data: Buffer): void {
    this.#parts.push(data);
    this.#size += data.length;
    this.#frame ??= this.#readHead();
    if (!this.#frame || !this.#isWhole(this.#frame)) return;
    const raw = this.#joined();
    const { head } = this.#frame;
    const resolve = this.#resolve;
    this.#parts = [];
    this.#size = 0;
    this.#frame = undefined;
    this.#resolve = undefined;
    this.#reject = undefined;
    resolve?.({ status: Number(head.slice(9, 12)), head, raw });
  }

  #readHead(): Frame | undefined {
    const raw = this.#joined();
    const end = raw.indexOf(HEAD_END);
    if (end === -1) return undefined;
    const head = raw.toString('latin1', 0, end);
    const isChunked = /\r\ntransfer-encoding: chunked/i.test(head);
    const body = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    return { head, length: isChunked ? undefined : end + HEAD_END.length + body };
  }

  #isWhole({ length }: Frame): boolean {
    if (length !== undefined) return this.#size >= length;
    const last = this.#parts.at(-1);
    const tail = last && last.length >= LAST_CHUNK.length ? last : this.#joined();
    return tail.toString('latin1', tail.length - LAST_CHUNK.length) === LAST_CHUNK;
  }

  #joined(): Buffer {
    const [first] = this.#parts;
    if (first && this.#parts.length === 1) return first;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [whole];
    return whole;
  }

  #fail(error: Error): void {
    this.#reject?.(error);
    this.close();
  }
}

/** What a header of an answer says. */
export const headerOf = ({ head }: Reply, name: string): string | undefined =>
  new RegExp(`\\r\\n${name}: ([^\\r]*)`, 'i').exec(head)?.[1];
