#!/usr/bin/env node
import { run } from './cli/run.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const interruption = new AbortController();
let heard: NodeJS.Signals | undefined;
function interrupt(signal: NodeJS.Signals): void {
  heard = signal;
  interruption.abort();
  // Who is in a hurry interrupts a second time, and Node ends at once.
  for (const name of SIGNALS) process.off(name, interrupt);
}
for (const name of SIGNALS) process.on(name, interrupt);

const { env, stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), { env, stdout, stderr, signal: interruption.signal });
// The shell is to learn of the signal.
/* c8 ignore next -- who ends by a signal tells no coverage */
if (heard) process.kill(process.pid, heard);
