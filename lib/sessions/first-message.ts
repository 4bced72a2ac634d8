import type { Request } from 'express';

import { isRecord } from '../options.js';
import { DEFAULT_MAX_BODY_BYTES, readBody } from '../request-body.js';

const MODERN_VERSION = 'io.modelcontextprotocol/protocolVersion';

/** Whether a message begins a session of the 2025 era. */
export function isInitialize(message: unknown): message is Record<string, unknown> {
  return isRecord(message) && message.method === 'initialize';
}

/** Whether a message is a request in the 2026-07-28 form, which knows no sessions. The body decides, never a header. */
function isModern(message: unknown): boolean {
  if (!isRecord(message) || typeof message.method !== 'string' || !isRecord(message.params)) return false;
  const { _meta: meta } = message.params;
  return isRecord(meta) && typeof meta[MODERN_VERSION] === 'string';
}

/**
 * Whether a POST that names no live session of its caller stands without it: its body, read here and left in
 * `request.body`, is an `initialize` or of the form that has no sessions.
 */
export async function startsAnew(request: Request): Promise<boolean | 'too slow'> {
  const body = await readBody(request, DEFAULT_MAX_BODY_BYTES);
  if (body.kind === 'refused') return body.code === 'body_timeout' && 'too slow';
  return isInitialize(body.value) || isModern(body.value);
}
