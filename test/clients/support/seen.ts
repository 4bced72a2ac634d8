import type { IncomingMessage, ServerResponse } from 'node:http';

import { until } from '../../support/gate.js';
import { type Guarded, guarded, type Setting } from '../../support/guarded.js';

/** One request that the server has seen, whatever its path. */
export interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
}

export interface Watched extends Guarded {
  readonly seen: readonly Seen[];
  /** `METHOD path status` of each request that has its answer, in order. The path is left out where it is `/mcp`. */
  readonly lines: readonly string[];
  /** Waits until a request of that line has been seen that many times. */
  sees(line: string, times?: number): Promise<void>;
  /** Forgets what has been seen. */
  forget(): void;
}

/** The guarded app, and what its server sees: a client may ask for more than the endpoint. */
export async function watched(setting: Setting = {}): Promise<Watched> {
  const app = await guarded(setting);
  const seen: Seen[] = [];
  app.served.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, url = '', headers } = request;
    const path = url === '/mcp' ? '' : `${url} `;
    const { writeHead } = response;
    response.writeHead = ((...args: Parameters<typeof writeHead>) => {
      const [status] = args;
      seen.push({ line: `${method} ${path}${status}`, headers });
      return writeHead.apply(response, args);
    }) as typeof writeHead;
  });
  const lines = (): readonly string[] => seen.map(({ line }) => line);
  return {
    ...app,
    seen,
    get lines() {
      return lines();
    },
    sees: (line, times = 1) =>
      until(`the server sees ${line}`, () => lines().filter((one) => one === line).length >= times),
    forget: () => {
      seen.length = 0;
    },
  };
}
