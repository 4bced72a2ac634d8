import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FaultName } from './faults.js';
import { type Exchange, type Has, refusal } from './faulty-exchange.js';
import { gateFor } from './faulty-gate.js';
import { legacySseFor } from './faulty-sse.js';
import { streamableFor } from './faulty-streamable.js';

export interface Faulty extends AsyncDisposable {
  readonly url: URL;
  readonly sse: URL;
  /** How many sessions it has. */
  readonly sessions: number;
}

/** A small MCP server without any package: right but for `faults`. It knows ada and bob, whose password is `right`. */
export async function faulty(...faults: readonly FaultName[]): Promise<Faulty> {
  const has: Has = (fault) => faults.includes(fault);
  const gate = gateFor(has);
  const streamable = streamableFor(has);
  const legacySse = legacySseFor(has);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const bare = {
      ...{ request, response, url, body: Buffer.concat(chunks).toString() },
      header: (name: string) => request.headers[name] as string | undefined,
      reply: replyTo(response),
    };
    if (url.pathname === '/metadata') return bare.reply(200, { resource: 'http://127.0.0.1/mcp' });
    const caller = gate(bare);
    if (!caller) return undefined;
    const exchange: Exchange = { ...bare, caller };
    if (url.pathname === '/mcp') return streamable.serve(exchange);
    if (url.pathname === '/sse' || url.pathname === '/messages') return legacySse(exchange);
    return bare.reply(404, refusal('not found'));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    sse: new URL(`http://127.0.0.1:${port}/sse`),
    get sessions() {
      return streamable.sessions.size;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function replyTo(response: ServerResponse): Exchange['reply'] {
  return (status, body, headers = {}) => {
    const isText = typeof body === 'string';
    const type = isText ? 'text/html' : 'application/json';
    response.writeHead(status, { ...(body !== undefined && { 'content-type': type }), ...headers });
    response.end(isText ? body : body && JSON.stringify(body));
  };
}
