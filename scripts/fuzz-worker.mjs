// One worker of scripts/fuzz.mjs: takes { target, seed, count }, answers with the find, or none.
import { parentPort } from 'node:worker_threads';

import { register } from 'tsx/esm/api';

register();
const { fuzz } = await import('../test/fuzz/loop.ts');
const { targets } = await import('../test/fuzz/targets/index.ts');

parentPort.on('message', ({ name, seed, count }) => {
  const target = targets.find((one) => one.name === name);
  parentPort.postMessage({ name, count, find: fuzz(target, { seed, count }) });
});
parentPort.postMessage({ names: targets.map(({ name }) => name) });
