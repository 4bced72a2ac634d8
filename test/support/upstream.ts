import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as an upstream saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** As on the wire, one character per byte: name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A real API on a loopback port of its own, which remembers what came. */
export interface Upstream extends AsyncDisposable {
  readonly origin: string;
  readonly seen: SeenRequest[];
}

export type Answer = (request: SeenRequest, response: ServerResponse, incoming: IncomingMessage) => void;

export async function upstream(answer: Answer = (_, response) => void response.end('ok')): Promise<Upstream> {
  const seen: SeenRequest[] = [];
  const listener: RequestListener = async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url = '', rawHeaders } = incoming;
    const request = { method, url, rawHeaders, body: Buffer.concat(chunks).toString() };
    seen.push(request);
    answer(request, response, incoming);
  };
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The values of one header, as they came. */
export function sent({ rawHeaders }: SeenRequest, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
