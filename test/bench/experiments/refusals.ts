import { compare } from '../compare.js';
import { beginSessions, type Contender, inSessions, LANES, person } from '../contender.js';
import { Connection } from '../load/connection.js';
import { type Call, Lane } from '../load/lane.js';
import { credentials, type Headers, inSession, toolCall } from '../load/messages.js';
import { RATIO_HEAD, ratioOf, ratioRows } from '../report/ratio-section.js';
import type { ServerProcess } from '../server/process.js';
import { type Setting, SHARED_TOKEN } from '../setting.js';
import type { Experiment } from './experiment.js';

const SETTING: Setting = { variant: 'ours-full', answers: 'json', verifier: 'plain' };
const SERVED = 'served call';
/** As many guesses as a run makes, all of them different. */
const GUESSES = 400;

const refusal = (headers: Headers, status: number): Call => ({ bytes: toolCall(headers, 'hello'), status });
const guess = (index: number, text = 'guess'): Headers =>
  credentials('basic', `user-${index % LANES}`, `${text} ${index}`);

/** Calls that are refused, one list for each connection. */
function refused(
  name: string,
  callsOf: (server: ServerProcess) => Promise<readonly (readonly Call[])[]>,
): Contender {
  return {
    name,
    setting: SETTING,
    callers: async (server) => (await callsOf(server)).map((calls) => new Lane(server.port, calls)),
  };
}

const everywhere = (call: Call): Call[][] => Array.from({ length: LANES }, () => [call]);

/** Guesses until the limiter says that it is enough. */
async function fillLimiter({ port }: ServerProcess): Promise<void> {
  const connection = await Connection.open(port);
  for (let index = 0; ; index += 1) {
    const { status } = await connection.send(refusal(guess(index, 'first guess'), 401).bytes);
    if (status === 429) break;
    if (index > 100) throw new Error('the limiter does not limit');
  }
  connection.close();
}

const own = (server: ServerProcess): Promise<Headers[]> =>
  beginSessions(server, LANES, (index) => person('ours-full', index));

export const REFUSALS: readonly Contender[] = [
  refused('401, no credential', async () => everywhere(refusal({ 'x-mcp-token': SHARED_TOKEN }, 401))),
  refused('401, wrong shared token', async () => everywhere(refusal({ 'x-mcp-token': 'wrong' }, 401))),
  refused('401, a wrong password again', async () =>
    everywhere(refusal(credentials('basic', 'user-0', 'wrong'), 401)),
  ),
  refused('404, no such session', async (server) => {
    await own(server);
    return Array.from({ length: LANES }, (_, index) => [
      refusal(inSession(person('ours-full', index), 'A'.repeat(43)), 404),
    ]);
  }),
  refused("404, somebody else's session", async (server) => {
    const sessions = await own(server);
    return sessions.map((_, index) => {
      const id = sessions[(index + 1) % LANES]?.['mcp-session-id'] ?? '';
      return [refusal(inSession(person('ours-full', index), id), 404)];
    });
  }),
  refused('429, one guess after the other', async (server) => {
    await fillLimiter(server);
    return Array.from({ length: LANES }, (_, lane) =>
      Array.from({ length: GUESSES }, (__, index) => refusal(guess(lane + index * LANES), 429)),
    );
  }),
];

/** What a refusal costs, beside a call that is served by the same chain. */
export const refusals: Experiment = {
  name: 'refusals',
  async run({ scale }) {
    const costs = await compare([inSessions(SERVED, SETTING), ...REFUSALS], scale.rest);
    const ratios = REFUSALS.map(({ name }) => ratioOf(costs, name, SERVED));
    const dearest = ratios.reduce((worst, ratio) => (ratio.mid > worst.mid ? ratio : worst));
    return [
      { id: 'refusals', head: RATIO_HEAD, rows: ratioRows(costs, SERVED), facts: { refusal: dearest } },
    ];
  },
};
