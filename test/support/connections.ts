import { until } from './gate.js';
import type { Served } from './serve.js';

/** Waits until the server has `count` connections: it then knows of every client that hung up. */
export function serverSees({ server }: Served, count: number): Promise<void> {
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      server.getConnections((error, number) => (error ? reject(error) : resolve(number)));
    });
  return until(`the server sees ${count} connections`, async () => (await connections()) === count);
}
