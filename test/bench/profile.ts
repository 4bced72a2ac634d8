// Where the CPU of a server goes under load: `node .build/test/bench/profile.js [NAME]`, after `npm run build` and
// `npm run build:test`.
import { start, stop } from './compare.js';
import { beginning, type Contender, inSessions, sessionless } from './contender.js';
import { REFUSALS } from './experiments/refusals.js';
import { callTimes } from './load/loops.js';
import { profileText } from './report/profile-text.js';
import type { Setting } from './setting.js';

const WARM_UP = 4000;
const CALLS = 6000;
/** Sessions that are begun are ended after each so many. */
const TURN = 500;

const OURS: Setting = { variant: 'ours-full', answers: 'json', verifier: 'plain' };
const CONTENDERS: Readonly<Record<string, Contender>> = {
  bare: inSessions('bare', { variant: 'bare', answers: 'json' }),
  full: inSessions('full', OURS),
  sse: inSessions('sse', { ...OURS, answers: 'sse' }),
  ...Object.fromEntries(REFUSALS.map((contender) => [contender.name, contender])),
  initialize: beginning('initialize', OURS),
  'bare-initialize': beginning('bare-initialize', { variant: 'bare', answers: 'json' }),
  v2: sessionless('v2', { variant: 'ours-v2', answers: 'json', verifier: 'plain' }, 'modern'),
  'bare-v2': sessionless('bare-v2', { variant: 'bare-v2', answers: 'json' }, 'modern'),
};

const [name = 'full'] = process.argv.slice(2);
const contender = CONTENDERS[name];
if (!contender) {
  console.error(`Unknown: ${name}. There are: ${Object.keys(CONTENDERS).join(', ')}`);
  process.exit(1);
}

const running = await start(contender);
const { server, callers } = running;
const call = async (calls: number): Promise<void> => {
  for (let left = calls; left > 0; left -= TURN) {
    await callTimes(callers, Math.min(left, TURN));
    for (const caller of callers) await caller.tidy?.();
  }
};
try {
  await Promise.all(callers.map((caller) => caller.renew()));
  await call(WARM_UP);
  await server.ask('startProfile');
  await call(CALLS);
  console.log(`${name}: ${profileText(await server.ask('profile'), CALLS)}`);
} finally {
  await stop([running]);
}
