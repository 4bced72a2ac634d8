export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js';
export { redisSessionStore } from './redis-session-store.js';
export type { RedisSessionStoreOptions } from './session-options.js';
