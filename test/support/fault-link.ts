import { connect, type Socket } from 'node:net';
import { FaultFlow, type Rule } from './fault-flow.js';
import type { Fault } from './fault-proxy.js';

const PASS: Rule = { kind: 'pass' };
const SUBSCRIBE = /\bP?SUBSCRIBE\r\n/i;

/** One connection through the proxy. */
export class FaultLink {
  readonly closed: Promise<unknown>;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #flows: readonly FaultFlow[];
  #fault: Fault | undefined;
  #isSubscriber = false;

  constructor(client: Socket, target: { readonly host: string; readonly port: number }) {
    this.#client = client;
    this.#server = connect({ ...target, allowHalfOpen: true });
    client.on('data', (bytes: Buffer) => {
      if (this.#isSubscriber || !SUBSCRIBE.test(bytes.toString('latin1'))) return;
      this.#isSubscriber = true;
      const fault = this.#fault;
      if (fault?.kind === 'reset' && fault.which !== 'existing' && this.concerns(fault)) this.reset();
    });
    const reset = (): void => this.reset();
    this.#flows = [
      new FaultFlow(client, this.#server, () => this.#rules()[0], reset),
      new FaultFlow(this.#server, client, () => this.#rules()[1], reset),
    ];
    const sockets = [client, this.#server];
    for (const socket of sockets) socket.setNoDelay(true).on('error', reset);
    this.closed = Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
  }

  set(fault: Fault | undefined): void {
    this.#fault = fault;
    for (const flow of this.#flows) flow.ruleChanged();
  }

  /** Whether the fault is one for this connection. */
  concerns({ only }: Fault): boolean {
    return only === undefined || (only === 'subscribers') === this.#isSubscriber;
  }

  /** RST, to both. */
  reset(): void {
    for (const flow of this.#flows) flow.stop();
    for (const socket of [this.#client, this.#server]) {
      // Reset while it is shutting down, a socket would never close.
      if (socket.writableEnded) socket.destroy();
      else if (!socket.destroyed) socket.resetAndDestroy();
    }
  }

  /** What happens to requests, and to replies. */
  #rules(): readonly [requests: Rule, replies: Rule] {
    const fault = this.#fault;
    if (!fault || !this.concerns(fault)) return [PASS, PASS];
    switch (fault.kind) {
      case 'latency':
        return [PASS, { kind: 'delay', ms: fault.ms }];
      case 'black hole':
        return [{ kind: 'hold' }, { kind: 'hold' }];
      case 'swallow replies':
        return [PASS, { kind: fault.afterwards === 'deliver' ? 'hold' : 'discard' }];
      case 'trickle':
        return [PASS, { kind: 'trickle', bytes: fault.bytes, everyMs: fault.everyMs }];
      case 'cut':
        return [PASS, { kind: 'cut', afterBytes: fault.afterBytes }];
      default:
        return [PASS, PASS];
    }
  }
}
