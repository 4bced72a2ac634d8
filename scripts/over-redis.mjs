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
const LEFT_OUT_TITLES = [
  // The clock is stopped or turned, which Redis' is not; test/credentials/login-store-suite.ts has the windows.
  'B11: the window ends during',
  'B7: a thousand addresses fail',
  'B9: the same wrong password',
  // What memory holds is bounded by a number of keys, Redis by the time that they live.
  'B4: what is kept for sources is bounded',
  'W24: .* makes room',
  // A store that nodes share is let go of when one of them closes.
  'D6: an endSession',
  'E4: closing of the binding',
  'sessions.close',
  'W15: .* ends as shutdown',
  'W25: ',
  // Two begin at once where one session is allowed: over a network the second meets the first before it has begun, and
  // what is beginning is not evicted.
  'W15: .* ends as evicted',
  // A store of its own, which is asked what it holds without waiting.
  'makes up for what the store did not take',
  // Several calls in flight under one JSON-RPC id, which are none while a store answers at once.
  'C7: .* answers 200 pairs',
  'W12: .* hands on a refreshed token',
  'W13: .* asks only isActive',
  'W27: .* looks at every request of a connection',
  // The ids of what ended elsewhere are remembered for seconds.
  'W16: .* leaves no entry',
  // As many at once as one process can take, which Redis answers in seconds; B2 has it over processes.
  'B1: 10,000 different',
];

if (await answersPing()) {
  const mocha = spawn(
    'mocha',
    [
      // Most of these tests leave it to the end of the process to let go of their stores.
      ...['--require', './test/redis/over-redis.ts', '--exit'],
      ...LEFT_OUT.flatMap((file) => ['--ignore', file]),
      ...['--grep', `/${LEFT_OUT_TITLES.join('|')}/`, '--invert'],
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
