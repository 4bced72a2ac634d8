export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js';
export { type RedisLoginStoreOptions, redisLoginStore } from './login-store.js';
