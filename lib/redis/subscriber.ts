import { type IoRedisSubscriber, isNodeRedis, type NodeRedisSubscriber, type RedisClient } from './client.js';

/**
 * Listens to a channel over a connection of its own. Whatever becomes of that connection, its client makes it anew; what was
 * said meanwhile is lost. Answers the way to stop, after which nothing of it is left.
 */
export function subscribe(
  client: RedisClient,
  channel: string,
  onMessage: (message: string) => void,
): () => void {
  return isNodeRedis(client)
    ? subscribeNodeRedis(client.duplicate(), channel, onMessage)
    : subscribeIoRedis(client.duplicate(), channel, onMessage);
}

const ignore = (): void => {};

function subscribeNodeRedis(
  subscriber: NodeRedisSubscriber,
  channel: string,
  onMessage: (message: string) => void,
): () => void {
  subscriber.on('error', ignore);
  // At every connection: asked for only once, it would be lost with a connection that breaks meanwhile.
  subscriber.on('ready', () => void subscriber.subscribe(channel, onMessage).catch(ignore));
  subscriber.connect().catch(ignore);
  const destroy = (): void => {
    try {
      subscriber.destroy();
    } catch {
      // It was closed already.
    }
  };
  // Not at once: destroyed in the turn in which it was told to connect, it connects all the same and is never closed.
  return () => void setImmediate(destroy);
}

function subscribeIoRedis(
  subscriber: IoRedisSubscriber,
  channel: string,
  onMessage: (message: string) => void,
): () => void {
  subscriber.on('error', ignore);
  subscriber.on('message', (from, message) => {
    if (from === channel) onMessage(message);
  });
  const ask = (): void => void subscriber.subscribe(channel).catch(ignore);
  subscriber.on('ready', ask);
  // A lazy one connects with its first command.
  ask();
  return () => subscriber.disconnect();
}
