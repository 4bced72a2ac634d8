import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that loses things. */
export interface Relay {
  readonly url: string;
  /** From now on what the server answers is lost. */
  swallowReplies(): void;
  /** From now on what it answers comes; what was lost stays so. */
  passReplies(): void;
  /** From now on nothing reaches the server, until `passRequests`. */
  holdRequests(): void;
  /** What was held goes on to the server. */
  passRequests(): void;
  /** Breaks every connection; new ones are made at once, or after `passRequests` if they are held. */
  cut(): void;
  close(): Promise<void>;
}

export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  let held: (() => void)[] | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(port || 6379), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        // What was sent before the end still arrives.
        to.end();
      });
    }
    client.on('data', (data) => {
      if (held) held.push(() => upstream.write(data));
      else upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!isSwallowing) client.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    swallowReplies() {
      isSwallowing = true;
    },
    passReplies() {
      isSwallowing = false;
    },
    holdRequests() {
      held ??= [];
    },
    passRequests() {
      const waiting = held ?? [];
      held = undefined;
      for (const send of waiting) send();
    },
    cut,
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
