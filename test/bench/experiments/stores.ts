import { connect } from 'node:net';

import { compare } from '../compare.js';
import { beginning, inSessions } from '../contender.js';
import { RATIO_HEAD, ratioRows } from '../report/ratio-section.js';
import { REDIS_URL, type Setting } from '../setting.js';
import type { Experiment } from './experiment.js';

const MEMORY: Setting = { variant: 'ours-full', answers: 'json', verifier: 'plain' };
const REDIS: Setting = { ...MEMORY, store: 'redis' };

/** Full chain: sessions and failed logins in this process, or in Redis. What Redis itself spends is not in it. */
export const stores: Experiment = {
  name: 'stores',
  async run({ scale }) {
    if (!(await answers(REDIS_URL))) {
      return [{ id: 'stores', head: RATIO_HEAD, rows: [], skipped: ['Redis: none answers'] }];
    }
    const calls = await compare(
      [inSessions('call, memory', MEMORY), inSessions('call, Redis', REDIS)],
      scale.rest,
    );
    const begun = await compare(
      [beginning('`initialize`, memory', MEMORY), beginning('`initialize`, Redis', REDIS)],
      scale.rest,
    );
    const rows = [...ratioRows(calls, 'call, memory'), ...ratioRows(begun, '`initialize`, memory')];
    return [{ id: 'stores', head: RATIO_HEAD, rows }];
  },
};

/** Whether Redis answers there. */
function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 2000 });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}
