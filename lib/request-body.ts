import type { Request } from 'express';

import type { McpGuardErrorCode } from './errors.js';
import { isJsonType, isPlainJson, parseJson } from './http/json.js';

export type Body =
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly code: McpGuardErrorCode };

export const DEFAULT_MAX_BODY_BYTES = 1_048_576;
const TIMEOUT_MS = 10_000;

/** Of bodies that were read here, maybe for a reader who allows more. */
const sizes = new WeakMap<Request, number>();

const refused = (code: McpGuardErrorCode): Body => ({ kind: 'refused', code });

/**
 * The JSON body of a request, read once and left in `request.body`; a body that a parser before us has read is used as
 * it is. Bounded in bytes and time; answers a refusal, never rejects.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
  timeoutMs: number = TIMEOUT_MS,
): Promise<Body> {
  const { headers } = request;
  if (!isJsonType(headers['content-type'])) return refused('unsupported_media_type');
  if (request.readableDidRead || request.readableEnded) {
    return (sizes.get(request) ?? 0) > maxBytes ? refused('body_too_large') : readParsed(request.body);
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return refused('unsupported_media_type');
  const length = Number(headers['content-length'] ?? 0);
  if (length > maxBytes) {
    request.resume();
    return refused('body_too_large');
  }
  const arrived = length > 0 ? await arrivedBody(request, length) : undefined;
  const bytes = arrived ?? (await collect(request, maxBytes, timeoutMs));
  if (typeof bytes === 'string') return refused(bytes);
  sizes.set(request, bytes.length);
  const json = parseJson(bytes);
  if (!json) return refused('invalid_body');
  request.body = json.value;
  return { kind: 'parsed', value: json.value };
}

function readParsed(body: unknown): Body {
  if (body === undefined) return refused('invalid_body');
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    return isPlainJson(body) ? { kind: 'parsed', value: body } : refused('invalid_body');
  }
  const json = parseJson(Buffer.from(body as string));
  return json ? { kind: 'parsed', value: json.value } : refused('invalid_body');
}

/**
 * A body that came in one packet with its headers, as most do, without what waiting for it takes: Node hands it over after
 * the headers, in the same turn.
 */
async function arrivedBody(
  request: Request,
  length: number,
): Promise<Buffer | McpGuardErrorCode | undefined> {
  await undefined;
  if (request.destroyed) return 'invalid_body';
  if (request.readableLength !== length) return undefined;
  const bytes = request.read() as Buffer;
  return new Promise((resolve) => {
    // Whoever reads the request after this finds it at its end.
    const finish = (): void => {
      request.off('end', finish).off('close', finish);
      resolve(bytes);
    };
    request.on('end', finish).on('close', finish).resume();
  });
}

function collect(request: Request, maxBytes: number, timeoutMs: number): Promise<Buffer | McpGuardErrorCode> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: Buffer | McpGuardErrorCode): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else {
        finish('body_too_large');
        // What still comes is thrown away, so that the client can finish sending and read the answer.
        request.resume();
      }
    };
    const onEnd = (): void => finish(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    const onGone = (): void => finish('invalid_body');
    const timer = setTimeout(() => finish('body_timeout'), timeoutMs);
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}
