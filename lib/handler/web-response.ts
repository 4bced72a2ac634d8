import type { Response as ExpressResponse } from 'express';

import { isGone, onOver } from '../response-end.js';

/** Unread bytes of a stream beyond which its client counts as gone. */
export const MAX_BACKLOG_BYTES: number = 4 * 1024 * 1024;

/**
 * Writes a web-standard response, and resolves when the last byte is written or the client is gone. Does nothing where
 * an answer has begun meanwhile.
 */
export async function writeWebResponse(web: Response, response: ExpressResponse): Promise<void> {
  const { body, headers } = web;
  if (body && !headers.get('content-type')?.startsWith('text/event-stream')) {
    const bytes = await read(body.getReader());
    if (begin(web, response, bytes.length)) response.end(bytes);
    return;
  }
  if (!begin(web, response)) {
    await body?.cancel();
    return;
  }
  if (body) await pump(body.getReader(), response);
  else response.end();
}

/** All of a short body: `arrayBuffer()` does the same at twice the price. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function begin({ status, headers }: Response, response: ExpressResponse, length?: number): boolean {
  if (response.headersSent || isGone(response)) return false;
  if (length !== undefined) response.setHeader('Content-Length', length);
  for (const [name, value] of headers) response.setHeader(name, value);
  response.writeHead(status);
  return true;
}

/** Copies a stream. The transport does not wait for slow readers, so what they leave unread is bounded here. */
async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  response: ExpressResponse,
): Promise<void> {
  const stop = (): void => {
    reader.cancel().catch(() => {});
  };
  const unlisten = onOver(response, stop);
  // A stream that says nothing yet must show its headers; one that speaks at once sends them with its first event.
  const flushing = setImmediate(() => response.flushHeaders());
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || response.writableEnded || response.destroyed) break;
      if (response.writableLength > MAX_BACKLOG_BYTES) {
        response.destroy();
        break;
      }
      response.write(value);
    }
  } finally {
    clearImmediate(flushing);
    unlisten();
    stop();
    response.end();
  }
}
