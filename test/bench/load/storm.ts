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
}

/** `count` addresses of this machine that no other `block` has. */
export const addressesOf = (block: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `127.${block}.${Math.floor(index / 250)}.${1 + (index % 250)}`);

/** Sends them, whether or not earlier ones have had their answer. */
export async function storm({
  port,
  perSecond,
  milliseconds,
  addresses,
  request,
}: Storm): Promise<Outcome[]> {
  const idle = new Map<string, Connection[]>(addresses.map((address) => [address, []]));
  try {
    return await openLoop(perSecond, milliseconds, async (index) => {
      const address = addresses[index % addresses.length] ?? '';
      const since = performance.now();
      const connection = idle.get(address)?.pop() ?? (await Connection.open(port, address));
      const { status } = await connection.send(request(index));
      idle.get(address)?.push(connection);
      return { status, milliseconds: performance.now() - since };
    });
  } finally {
    for (const connection of [...idle.values()].flat()) connection.close();
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
