import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

const BODILESS = new Set([204, 205, 304]);

/** `fetch` that trusts one certificate: Node's own takes none while the process runs. A new connection each time. */
export function httpsFetch(ca: string): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return (url, init = {}) =>
    new Promise((resolve, reject) => {
      const { method = 'GET', signal, body } = init;
      const headers = Object.fromEntries(new Headers(init.headers));
      const options = { ca, method, headers, agent: false, ...(signal && { signal }) } as const;
      const request = httpsRequest(url, options, (response) => {
        const { statusCode: status = 0, rawHeaders } = response;
        const answered = new Headers();
        for (let at = 0; at < rawHeaders.length; at += 2) {
          answered.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
        }
        const stream = BODILESS.has(status) ? null : (Readable.toWeb(response) as ReadableStream<Uint8Array>);
        if (stream === null) response.resume();
        resolve(
          new Response(stream as ConstructorParameters<typeof Response>[0], { status, headers: answered }),
        );
      });
      request.once('error', reject);
      request.end(body ?? undefined);
    });
}
