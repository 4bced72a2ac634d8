import type { Response } from 'express';

import { takeSlot } from '../handler/prepare-session.js';
import type { ServeBase } from '../handler/serve-context.js';
import { isGone, onOver } from '../response-end.js';
import type { SessionAttachment } from '../sessions/attachment.js';

/** The slot of one `subscriptions/listen` stream. */
export interface Subscription {
  /** Its stream has begun. */
  begin(): void;
  /** There will be no stream. */
  fail(): Promise<void>;
}

/**
 * Takes one of the principal's slots for a `subscriptions/listen` stream, until its response closes: it counts, expires
 * and is revoked as a session of one stream, whose id nobody learns. Rejects with a `McpGuardError` as sessions do.
 */
export async function holdSlot(
  { registry, exchange }: SessionAttachment,
  context: ServeBase,
  response: Response,
  isClosing: () => boolean,
): Promise<Subscription> {
  const slot = await takeSlot(registry, exchange.principal, null, context);
  const release = (): void => void registry.end(slot, isClosing() ? 'shutdown' : exchange.endReason);
  onOver(response, release);
  registry.open(exchange, slot);
  slot.isStarting = false;
  // It may have closed while the store was asked.
  if (isGone(response)) release();
  return {
    begin: () => context.publish({ type: 'session.started', principal: slot.owner, session: slot.id }),
    fail: () => {
      // Its answer is another than that of a session which ends.
      registry.closed(exchange, slot);
      return registry.end(slot, 'failed');
    },
  };
}
