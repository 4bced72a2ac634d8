import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

import express, { type Express, type RequestHandler } from 'express';

/** A real server on a free loopback port; `await using` closes it and every connection to it. */
export interface Served extends AsyncDisposable {
  readonly app: Express;
  readonly server: Server;
  readonly port: number;
  readonly url: URL;
}

/** Serves `guards` at `/mcp`. */
export function serve(...guards: readonly RequestHandler[]): Promise<Served> {
  return serveApp((app) => {
    app.use('/mcp', ...guards);
  });
}

/** Serves an app that `build` has set up; with `tls`, over HTTPS. */
export async function serveApp(build: (app: Express) => void, tls?: ServerOptions): Promise<Served> {
  const app = express();
  // Express prints what reaches its last handler: no test wants it on the screen.
  app.set('env', 'test');
  build(app);
  const server = tls ? createHttps(tls, app) : createHttp(app);
  server.listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => {
    server.once('listening', resolve).once('error', reject);
  });
  const { port } = server.address() as AddressInfo;
  return {
    app,
    server,
    port,
    url: new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${port}/mcp`),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
