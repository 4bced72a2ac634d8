import { type GuardEvent, onGuardEvent } from '../../lib/index.js';

/** Collects what the guards tell, until disposed. */
export function listen(): Disposable & { readonly events: GuardEvent[]; types(): string[] } {
  const events: GuardEvent[] = [];
  const stop = onGuardEvent((event) => events.push(event));
  return { events, types: () => events.map(({ type }) => type), [Symbol.dispose]: stop };
}
