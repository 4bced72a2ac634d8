export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js';
export { type RedisEventStore, type RedisEventStoreOptions, redisEventStore } from './event-store.js';
export { type RedisLoginStoreOptions, redisLoginStore } from './login-store.js';
export { redisSessionStore } from './redis-session-store.js';
export type { RedisSessionStoreOptions } from './session-options.js';
