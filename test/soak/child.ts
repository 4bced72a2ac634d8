// The server under load, forked: says over IPC where it listens, answers questions, and tells of what must not happen.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import express from 'express';

import { onGuardEvent } from '../../lib/index.js';
import { chainOf } from './chain.js';
import type { Asked, Questions, SoakSetting, Told } from './sample.js';

const setting: SoakSetting = JSON.parse(process.env.SOAK_SETTING ?? '{}');
const tell = (told: Told): void => void process.send?.(told);
const fault = (what: string): void => tell({ tell: 'fault', what });

process.on('unhandledRejection', (error) => fault(`unhandled: ${String(error)}`));
process.on('uncaughtException', (error) => fault(`uncaught: ${String(error)}`));
process.on('warning', ({ name, message }) => fault(`warning: ${name}: ${message}`));

const counts = { begun: 0, sessions: 0, requests: 0 };
onGuardEvent((event) => {
  if (event.type === 'session.started') {
    counts.begun += 1;
    counts.sessions += 1;
  }
  // One that failed has never been announced.
  if (event.type === 'session.ended' && event.reason !== 'failed') counts.sessions -= 1;
  if (event.type === 'server.failed') fault(`server.failed: ${event.reason}`);
});

/** What is kept by whoever leaks on purpose. */
const kept: unknown[] = [];
const leaks: Readonly<Record<string, () => void>> = {
  servers: () => kept.push(Buffer.alloc(0), new Array(5000).fill(kept.length)),
  timers: () => kept.push(setInterval(() => {}, 60_000)),
  listeners: () => process.setMaxListeners(0).on('SIGUSR2', () => {}),
};

const delays = monitorEventLoopDelay({ resolution: 5 });
delays.enable();
const mount = () => chainOf(setting, () => leaks[setting.leak ?? '']?.());
let chain = mount();
/** Of sessions that live as long as the run. */
const steady = chainOf({ maxSessions: 100, idleSeconds: 86_400 }, () => {});

const app = express();
app.use((request, _response, next) => {
  counts.requests += 1;
  if (setting.leak === 'requests') kept.push(request);
  next();
});
app.use('/mcp', (request, response, next) => chain.handler(request, response, next));
app.use('/steady', steady.handler);
const server = createServer(app);
// A connection that is closed for being idle, while it is used again, is no fault of the guards.
server.keepAliveTimeout = 600_000;

const answers: { [Verb in keyof Questions]: (...args: Parameters<Questions[Verb]>) => unknown } = {
  sample(isQuiet) {
    if (isQuiet) for (let n = 0; n < 4; n += 1) global.gc?.();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    const listeners = [process, server].reduce(
      (sum, emitter) =>
        sum + emitter.eventNames().reduce((some, name) => some + emitter.listenerCount(name as 'close'), 0),
      0,
    );
    const delayP99Ms = delays.percentile(99) / 1e6;
    delays.reset();
    return {
      isQuiet,
      heapBytes: process.memoryUsage().heapUsed,
      resources,
      listeners,
      delayP99Ms,
      ...counts,
    };
  },
  async remount() {
    const old = chain;
    chain = mount();
    await old.close();
    return null;
  },
  revoke: (subject) => chain.revoke(subject),
};

process.on('message', async ({ id, verb, args }: Asked) => {
  try {
    const answer = await (answers[verb] as (...args: readonly unknown[]) => unknown)(...args);
    tell({ tell: 'answer', id, answer });
  } catch (error) {
    fault(`${verb}: ${String(error)}`);
  }
});
process.once('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  tell({ tell: 'listening', port: (server.address() as AddressInfo).port });
});
