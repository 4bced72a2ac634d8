import { hasMethods, isRecord, type OptionRule } from '../options.js';

/** A client of the package `redis` (5 or 6), connected by whoever made it. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  sendCommand(args: readonly string[]): Promise<unknown>;
  duplicate(): NodeRedisSubscriber;
}

export interface NodeRedisSubscriber {
  on(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
}

/** A client of the package `ioredis` (5 or 6). */
export interface IoRedisClient {
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
  connect(): Promise<unknown>;
  duplicate(): IoRedisSubscriber;
}

export interface IoRedisSubscriber {
  on(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

/** A client with its default options: the stores bound their own waiting. */
export type RedisClient = NodeRedisClient | IoRedisClient;

export const isNodeRedis = (client: unknown): client is NodeRedisClient =>
  hasMethods(client, ['sendCommand', 'duplicate']) && 'isReady' in (client as object);

const isIoRedis = (client: unknown): client is IoRedisClient =>
  hasMethods(client, ['call', 'connect', 'duplicate']) &&
  isRecord(client) &&
  typeof client.status === 'string';

export const CLIENT_RULE: OptionRule = {
  must: 'a client of the package redis or ioredis',
  required: true,
  test: (value) => isNodeRedis(value) || isIoRedis(value),
};

/** Whether a command sent now goes out now. An offline queue would keep it for a time when nobody waits for it. */
export function isReady(client: RedisClient): boolean {
  if (isNodeRedis(client)) return client.isReady;
  // A lazy client connects with its first command, which it gets only once it is connected.
  if (client.status === 'wait') client.connect().catch(() => {});
  return client.status === 'ready';
}

export function sendTo(
  client: RedisClient,
  args: readonly [command: string, ...rest: string[]],
): Promise<unknown> {
  if (isNodeRedis(client)) return client.sendCommand(args);
  const [command, ...rest] = args;
  return client.call(command, ...rest);
}
