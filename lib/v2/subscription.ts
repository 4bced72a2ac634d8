import type { Response } from 'express';
import { takeSlot } from '../handler/prepare-session.js';
import type { ServeBase } from '../handler/serve-context.js';
import type { SessionAttachment } from '../sessions/attachment.js';

/**
 * Takes one of the principal's slots for a `subscriptions/listen` stream, until its response closes: it counts, expires
 * and is revoked as a session of one stream, whose id nobody learns. Rejects with a `McpGuardError` as sessions do.
 */
export async function holdSlot(
  { registry, exchange }: SessionAttachment,
  context: ServeBase,
  response: Response,
  isClosing: () => boolean,
): Promise<void> {
  const slot = await takeSlot(registry, exchange.principal, null, context);
  const release = (): void => void registry.end(slot, isClosing() ? 'shutdown' : 'deleted');
  response.once('close', release);
  registry.open(exchange, slot);
  slot.isStarting = false;
  context.publish({ type: 'session.started', principal: slot.owner, session: slot.id });
  // It may have closed while the store was asked.
  if (response.destroyed) release();
}
