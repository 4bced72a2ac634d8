// The flow and attack suites over stores in Redis (see test/redis/over-redis.ts). Says so and passes where there is no
// Redis, unless REQUIRE_SERVICES=1. Further arguments go to mocha.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { register } from 'tsx/esm/api';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

register();
const { answersPing, REDIS_URL } = await import('../test/support/redis.ts');

/** Not what these stores do: other tests have it, over Redis. */
const LEFT_OUT = [
  // A store of their own, or nodes of their own over Redis.
  'test/flow/failover.test.ts',
  'test/attacks/b2-processes.test.ts',
  'test/attacks/d3-redis.test.ts',
  'test/attacks/d5-store.test.ts',
  // The clock is stopped, which Redis' is not; test/redis/failover.test.ts has the streams of nodes.
  'test/flow/session-streams.test.ts',
  // A store that nodes share is let go of when one of them closes.
  'test/flow/shutdown.test.ts',
  // Processes of their own, which have stores in memory.
  'test/attacks/e6-e7-processes.test.ts',
];

if (await answersPing()) {
  const mocha = spawn(
    'mocha',
    [
      ...['--require', './test/redis/over-redis.ts'],
      ...LEFT_OUT.flatMap((file) => ['--ignore', file]),
      ...process.argv.slice(2),
      'test/flow/*.test.ts',
      'test/attacks/*.test.ts',
    ],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, REDIS_URL } },
  );
  mocha.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else if (process.env.REQUIRE_SERVICES === '1') {
  console.error(`no Redis at ${REDIS_URL}`);
  process.exitCode = 1;
} else {
  console.log(`skipped: no Redis at ${REDIS_URL}`);
}
