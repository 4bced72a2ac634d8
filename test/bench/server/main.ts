// One measured server: `node main.js SETTING`, forked by the run, which asks it for its numbers over IPC.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { startProfile, stopProfile } from './profiler.js';
import type { Answers, Question } from './questions.js';
import { serve } from './variants.js';

const { app, close } = await serve(JSON.parse(process.argv[2] ?? '{}'));
const port = typeof app === 'number' ? app : await listen(createServer(app));
/** 1 ms is the finest that it takes; it begins only where somebody asks. */
const delays = monitorEventLoopDelay({ resolution: 1 });

const answers: { [Q in Question]: () => Answers[Q] | Promise<Answers[Q]> } = {
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  heap() {
    // Weak references and finalizers need more than one.
    for (let n = 0; n < 4; n += 1) global.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  watchDelay() {
    delays.enable();
    delays.reset();
    return null;
  },
  delay: () => ({
    p50: delays.percentile(50) / 1e6,
    p99: delays.percentile(99) / 1e6,
    max: delays.max / 1e6,
  }),
  startProfile,
  profile: stopProfile,
};

process.on('message', async ({ id, question }: { id: number; question: Question }) => {
  process.send?.({ id, answer: await answers[question]() });
});
process.once('disconnect', async () => {
  await close?.();
  process.exit();
});
process.send?.({ port });

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  // Connections wait while other servers have their turn.
  server.keepAliveTimeout = 600_000;
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}
