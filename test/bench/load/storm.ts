import { Connection } from './connection.js';
import { openLoop } from './loops.js';

/** What came of one request. */
export interface Outcome {
  readonly status: number;
  readonly milliseconds: number;
}

/** Requests at a rate, each from the next of several loopback addresses. */
export interface Storm {
  readonly port: number;
  readonly perSecond: number;
  readonly milliseconds: number;
  readonly addresses: readonly string[];
  readonly request: (index: number) => Buffer;
  /** Which of the addresses sends it. Default: each in turn. */
  readonly sender?: (index: number) => number;
}

/** `count` addresses of this machine that no other `block` has. */
export const addressesOf = (block: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `127.${block}.${Math.floor(index / 250)}.${1 + (index % 250)}`);

/** At least, and as many from each address. */
const CONNECTIONS = 384;
/** More that are opened at once would be a test of the machine's accept queue. */
const OPENED_AT_ONCE = 32;

/**
 * Sends them, whether or not earlier ones have had their answer: what has to wait for a connection waits longer.
 * `connected` is called once all connections are open; the requests begin when it is done.
 */
export async function storm(
  { port, perSecond, milliseconds, addresses, request, sender = (index) => index % addresses.length }: Storm,
  connected?: () => Promise<void>,
): Promise<Outcome[]> {
  const connections: Connection[] = [];
  const own = Math.ceil(CONNECTIONS / addresses.length);
  while (connections.length < own * addresses.length) {
    const from = connections.length;
    const opening = Array.from({ length: OPENED_AT_ONCE }, (_, index) =>
      Connection.open(port, addresses[(from + index) % addresses.length]),
    );
    connections.push(...(await Promise.all(opening)));
  }
  const turns: Promise<unknown>[] = connections.map(() => Promise.resolve());
  try {
    await connected?.();
    return await openLoop(perSecond, milliseconds, async (index) => {
      const since = performance.now();
      const at = sender(index) + addresses.length * (Math.floor(index / addresses.length) % own);
      const connection = connections[at];
      if (!connection) throw new Error('no connection');
      const reply = (turns[at] ?? Promise.resolve()).then(() => connection.send(request(index)));
      turns[at] = reply;
      const { status } = await reply;
      return { status, milliseconds: performance.now() - since };
    });
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** How often each status came. */
export function countByStatus(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

export const countText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ');
