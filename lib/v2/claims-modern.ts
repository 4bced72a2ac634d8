import { isLegacyRequest, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import type { Request } from 'express';

import type { Serving } from '../handler/define-handler.js';
import { toWebRequest } from '../handler/web-request.js';
import { isRecord } from '../options.js';
import type { Awaitable } from '../types.js';

/** Whether a request is of 2026-07-28. The SDK decides; where that is plain, it is not asked. */
export function claimsModern({ request, state, message }: Serving): Awaitable<boolean> {
  return isPlainlyModern(message) || asksSdk(request, state.hiddenHeaders, message);
}

async function asksSdk(
  request: Request,
  hiddenHeaders: readonly string[],
  message: unknown,
): Promise<boolean> {
  return !(await isLegacyRequest(toWebRequest(request, hiddenHeaders), message));
}

/**
 * What the SDK takes for a request of 2026-07-28 whatever else it says: most are, and its own predicate is dearer. Where
 * the SDK means otherwise, it refuses the request.
 */
function isPlainlyModern(message: unknown): boolean {
  if (!isRecord(message) || message.method === 'initialize' || typeof message.method !== 'string')
    return false;
  const { params } = message;
  return isRecord(params) && isRecord(params._meta) && Object.hasOwn(params._meta, PROTOCOL_VERSION_META_KEY);
}
