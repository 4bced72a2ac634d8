import { createServer } from 'node:net';

/** Below what systems give to outgoing connections: a port that is closed for a while is not taken by one of them. */
const FIRST = 20_000;
const LAST = 29_999;

/** A port on the loopback that nobody listens on now, and that stays the same when what listens there comes back. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
