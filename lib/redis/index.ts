export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js';
