import { connect } from 'node:net';

/** A server that all tests share: use a prefix of your own there, and remove your keys afterwards. */
export const REDIS_URL: string = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

/** What can be skipped: a test, or a suite in its `before`. */
export interface Skippable {
  skip(): never;
}

/** Whether a Redis server answers a PING at `url`. */
export function answersPing(url: string = REDIS_URL): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 2000 });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write('PING\r\n'));
    // A password is asked for by a Redis server too.
    socket.on('data', (data) => end(/^(\+PONG|-NOAUTH)/.test(data.toString()))());
    socket.on('error', end(false)).on('timeout', end(false)).on('close', end(false));
  });
}

/**
 * Skips where there is no Redis, and says so; with REQUIRE_SERVICES=1 that is a failure. First in the `before` that
 * connects: mocha runs the other hooks of the same suite all the same.
 */
export async function needsRedis(context: Skippable): Promise<void> {
  if (!(await answersPing())) skipOrFail(context, `no Redis at ${REDIS_URL.replace(/\/\/.*@/, '//')}`);
}

/** Skips for want of `what`, or fails where REQUIRE_SERVICES asks for it. */
export function skipOrFail(context: Skippable, what: string): never {
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(`${what}, and REQUIRE_SERVICES asks for it`);
  console.log(`Redis: skipped, ${what}`);
  return context.skip();
}
