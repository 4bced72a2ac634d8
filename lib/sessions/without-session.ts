import type { Request } from 'express';

import type { Denial } from '../http/denial.js';
import { startsAnew } from './first-message.js';
import type { LiveSession } from './live-session.js';
import { forgetSessionId } from './session-id.js';
import type { SessionRegistry } from './session-registry.js';

/**
 * How a request goes on that names no session of its caller: refused, or (`undefined`) without one, where it begins a new
 * one or names it by its query. `lost` is the caller's own, but may do more than the caller may by now: it ends.
 */
export async function withoutSession(
  request: Request,
  registry: SessionRegistry,
  isByQuery: boolean,
  lost: LiveSession | undefined,
): Promise<Denial | undefined> {
  const isRecovering = !isByQuery && request.method === 'POST' && (await startsAnew(request));
  // A request that stands without the session does not touch it.
  if (lost && isRecovering !== true) await registry.end(lost, 'revoked');
  if (isByQuery) return undefined;
  if (isRecovering === 'too slow') return { code: 'body_timeout' };
  if (!isRecovering) return { code: 'session_not_found' };
  forgetSessionId(request);
  return undefined;
}
