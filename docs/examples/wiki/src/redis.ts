import { once } from 'node:events';
import { createClient } from 'redis';

const clientOf = (url: string) => createClient({ url });
type Client = ReturnType<typeof clientOf>;

export interface Redis {
  readonly client: Client;
  /** Lets commands under way finish, but not for long. */
  close(): Promise<void>;
}

const CLOSE_MS = 1000;

/**
 * Connects, or goes on trying: a Redis that is away at start, or later, is a reason for 503s, not for ending. Resolves
 * with the outcome of the first attempt.
 */
export async function openRedis(url: string): Promise<Redis> {
  const client = clientOf(url);
  reportOutages(client, new URL(url).host);
  const answered = once(client, 'ready');
  // It rejects when it is given up, and that is in the log.
  client.connect().catch(() => {});
  await answered.catch(() => {});
  return { client, close: () => close(client) };
}

/** Says once that Redis is away, not at each attempt to reach it; the password stays out. */
function reportOutages(client: Client, host: string): void {
  let isAway = false;
  client.on('error', (error: NodeJS.ErrnoException) => {
    if (!isAway) console.error(`Redis at ${host} is away: ${error.message || error.code}`);
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) console.error(`Redis at ${host} is back`);
    isAway = false;
  });
}

async function close(client: Client): Promise<void> {
  const destroy = (): void => {
    if (client.isOpen) client.destroy();
  };
  if (!client.isReady) return destroy();
  const timer = setTimeout(destroy, CLOSE_MS);
  try {
    await client.close();
  } finally {
    clearTimeout(timer);
  }
}
