import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The port or address cannot be listened on. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

export interface Listening {
  /** With the port that was really taken. */
  readonly url: string;
  /** A proxy in front asks another node then. Connections that are there go on. */
  refuseNewConnections(): void;
  /** Takes no new connection, and gives the requests under way `graceMs` to finish. */
  close(graceMs: number): Promise<void>;
}

export async function listen(app: RequestListener, host: string, port: number): Promise<Listening> {
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'the port is taken; set PORT to another' : cause.message;
      reject(new CannotListen(`cannot listen on ${host}:${port}: ${reason}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  const closed = once(server, 'close');
  const refuseNewConnections = (): void => {
    if (server.listening) server.close();
  };
  return {
    url: `http://${name}:${taken}`,
    refuseNewConnections,
    async close(graceMs) {
      refuseNewConnections();
      server.closeIdleConnections();
      // A client may hold a connection open on which it never sent a request: it would be waited for, too.
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}
