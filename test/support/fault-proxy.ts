import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

import { FaultLink } from './fault-link.js';
import { freePort } from './free-port.js';

interface Common {
  /** Connections that have subscribed to a channel, or all others. Default: every one. */
  readonly only?: 'subscribers' | 'others';
}

/** What is wrong between a client and its server. */
export type Fault = Common &
  (
    | { readonly kind: 'latency'; readonly ms: number }
    /** RST to the connections there are, to those that come, or to both (default): to subscribers as soon as they are. */
    | { readonly kind: 'reset'; readonly which?: 'existing' | 'new' | 'all' }
    /** Accepts, forwards nothing. Then what it held goes on, or the connections are reset (default). */
    | { readonly kind: 'black hole'; readonly afterwards?: 'deliver' | 'drop' }
    /** Requests arrive, answers do not. Then they come late, or the connections are reset (default). */
    | { readonly kind: 'swallow replies'; readonly afterwards?: 'deliver' | 'drop' }
    | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
    /** The connection breaks in the middle of the next reply. */
    | { readonly kind: 'cut'; readonly afterBytes: number }
    /** Nobody listens, and what was connected is reset. */
    | { readonly kind: 'refuse' }
  );

/** A TCP proxy that breaks on demand; `await using` closes it and every connection. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
  /** From now on this fault, and no other. */
  set(fault: Fault): Promise<void>;
  /** Everything goes through again. */
  clear(): Promise<void>;
}

export async function faultProxy(target: {
  readonly port: number;
  readonly host?: string;
}): Promise<FaultProxy> {
  const to = { host: '127.0.0.1', ...target };
  const port = await freePort();
  const links = new Set<FaultLink>();
  let fault: Fault | undefined;
  const server = createServer({ allowHalfOpen: true }, (client: Socket) => {
    const refuses = fault?.kind === 'reset' && fault.which !== 'existing';
    // What a connection is for shows later.
    if (refuses && fault?.only === undefined) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const link = new FaultLink(client, to);
    links.add(link);
    void link.closed.then(() => links.delete(link));
    link.set(fault);
  });
  const listen = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const resetWhere = (concerned: (link: FaultLink) => boolean): void => {
    for (const link of [...links]) if (concerned(link)) link.reset();
  };

  const change = async (next: Fault | undefined): Promise<void> => {
    const last = fault;
    fault = next;
    const drops = last?.kind === 'black hole' || last?.kind === 'swallow replies';
    if (last && drops && last.afterwards !== 'deliver') resetWhere((link) => link.concerns(last));
    if (next?.kind === 'refuse') {
      server.close();
      resetWhere(() => true);
    } else if (!server.listening) await listen();
    if (next?.kind === 'reset' && next.which !== 'new') resetWhere((link) => link.concerns(next));
    for (const link of links) link.set(next);
  };

  await listen();
  return {
    port,
    get connections() {
      return links.size;
    },
    set: (next) => change(next),
    clear: () => change(undefined),
    async [Symbol.asyncDispose]() {
      const closed = [...links].map((link) => link.closed);
      resetWhere(() => true);
      if (server.listening) {
        server.close();
        await once(server, 'close');
      }
      await Promise.all(closed);
    },
  };
}
