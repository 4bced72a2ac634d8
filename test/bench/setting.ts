/** A way to serve `/mcp`. Each runs in a process of its own. */
export type Variant =
  | 'bare'
  | 'sdk-bearer'
  | 'ours-bearer'
  | 'ours-full'
  | 'naive'
  | 'fresh'
  | 'express-json'
  | 'fastmcp'
  | 'bare-v2'
  | 'ours-v2';

/** What a measured server is started with. */
export interface Setting {
  readonly variant: Variant;
  readonly answers?: 'json' | 'sse';
  /** How many tools its MCP servers have. Default 1. */
  readonly tools?: number;
  /** How passwords are verified: by scrypt (the default), by comparing them, or by waiting 50 ms first. */
  readonly verifier?: 'scrypt' | 'plain' | 'waits';
  readonly store?: 'memory' | 'redis';
}

/** Folders of packages that are installed for a run alone, as JSON in the environment of the servers. */
export const PACKAGES = 'BENCH_PACKAGES';

export const PASSWORD = 'correct horse battery staple';
export const SHARED_TOKEN = '3b1f0f6f2a0f4f43a8a5c6a1e4a2b7d9';
/** The parameters of Node's own `scrypt`: about 50 ms. Ours would be dearer, and make hashing on every request look worse. */
export const SCRYPT = { ln: 14, r: 8, p: 1 };
export const VERIFIER_MS = 50;
export const REDIS_URL: string = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
