import { once } from 'node:events';
import { createServer, type RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { isLoopback } from '../audit/loopback.js';

/** What can be audited: an Express app (or any other listener of requests), a server of `node:http`, a URL of this machine. */
export type Guarded = RequestListener | Server | URL | string;

/** Where it answers, and how to let go of it. */
export interface Listening {
  readonly base: URL;
  close(): Promise<void>;
}

/**
 * Makes `guarded` answer on 127.0.0.1, unless it does already.
 *
 * @throws TypeError for what is none of these, or is not of this machine
 */
export async function listening(guarded: Guarded): Promise<Listening> {
  if (guarded instanceof Server) return guarded.listening ? already(guarded) : started(guarded);
  if (typeof guarded === 'function') return started(createServer(guarded));
  const url = URL.canParse(String(guarded)) ? new URL(String(guarded)) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || !isLoopback(url))
    throw new TypeError('assertGuarded: it takes an app, a server, or a URL of this machine');
  return { base: url, close: async () => {} };
}

const already = (server: Server): Listening => ({ base: addressOf(server), close: async () => {} });

async function started(server: Server): Promise<Listening> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    base: addressOf(server),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A server that listens on all addresses does so on this one, too. */
function addressOf(server: Server): URL {
  const { port, address } = server.address() as AddressInfo;
  return new URL(`http://${address === '::1' ? '[::1]' : '127.0.0.1'}:${port}`);
}
