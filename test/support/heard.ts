import { type GuardEvent, onGuardEvent } from '../../lib/index.js';

/**
 * Collects what the guards tell about one person (without issuer and tenant), until disposed. Other apps of the process
 * may speak at any time, so a test that listens has a person of its own.
 */
export function hearOf(subject: string): Disposable & { readonly events: GuardEvent[]; types(): string[] } {
  const events: GuardEvent[] = [];
  const key = JSON.stringify([null, null, subject]);
  const stop = onGuardEvent((event) => {
    if (event.principal === key) events.push(event);
  });
  return { events, types: () => events.map(({ type }) => type), [Symbol.dispose]: stop };
}
