import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import { until } from '../../support/gate.js';

/** One request that the server has answered, whatever its path. */
export interface Seen {
  /** `METHOD path status`. The path is left out where it is `/mcp`. */
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
}

export interface Watch {
  readonly seen: readonly Seen[];
  readonly lines: readonly string[];
  /** Waits until that many requests have been answered so. */
  sees(line: string, times?: number): Promise<void>;
  forget(): void;
}

/** Notes what a server is asked, in the order of the answers: a client may ask for more than the endpoint. */
export function watch(server: Server): Watch {
  const seen: Seen[] = [];
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, url = '', headers } = request;
    const path = url === '/mcp' ? '' : `${url} `;
    const { writeHead } = response;
    response.writeHead = ((...args: Parameters<typeof writeHead>) => {
      seen.push({ line: `${method} ${path}${args[0]}`, headers });
      return writeHead.apply(response, args);
    }) as typeof writeHead;
  });
  const lines = (): readonly string[] => seen.map(({ line }) => line);
  return {
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
