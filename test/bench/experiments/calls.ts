import { compare } from '../compare.js';
import { type Contender, inSessions, sessionless } from '../contender.js';
import { RATIO_HEAD, ratioOf, ratioRows } from '../report/ratio-section.js';
import type { Section } from '../report/section.js';
import type { Setting } from '../setting.js';
import type { Experiment, Tools } from './experiment.js';

export const BARE = 'SDK v1, bare';
export const FULL_CHAIN = 'ours, full chain';
const NAIVE = '`passport-http`, scrypt on every request';
const FASTMCP = '`fastmcp` with `authenticate`';
/** Just below what `express.json()` takes by default. */
const LARGE = 'x'.repeat(100_000);

type Answers = NonNullable<Setting['answers']>;

const core = (answers: Answers, text?: string): Contender[] => [
  inSessions(BARE, { variant: 'bare', answers }, text),
  inSessions('SDK v1 and `requireBearerAuth`', { variant: 'sdk-bearer', answers }, text),
  inSessions('ours, Bearer', { variant: 'ours-bearer', answers }, text),
  inSessions(FULL_CHAIN, { variant: 'ours-full', answers }, text),
];

const others = (answers: Answers): Contender[] => [
  sessionless('SDK v1, a server for every request', { variant: 'fresh', answers }, 'legacy'),
  // As many as Node has threads for: what comes beyond them waits.
  inSessions(NAIVE, { variant: 'naive', answers }, undefined, 4),
];

/** `fastmcp`, where it is installed. */
function rival({ missing }: Tools, answers: Answers): { contenders: Contender[]; skipped: string[] } {
  const why = missing('fastmcp');
  return why
    ? { contenders: [], skipped: [`${FASTMCP}: ${why}`] }
    : { contenders: [inSessions(FASTMCP, { variant: 'fastmcp', answers })], skipped: [] };
}

async function json(tools: Tools): Promise<Section> {
  const { contenders, skipped } = rival(tools, 'json');
  const plain = sessionless(
    'Express and JSON alone, no MCP',
    { variant: 'express-json', answers: 'json' },
    'legacy',
  );
  const costs = await compare([...core('json'), ...others('json'), plain, ...contenders], tools.scale.calls);
  return {
    id: 'calls',
    head: RATIO_HEAD,
    rows: ratioRows(costs, BARE),
    facts: { fullChain: ratioOf(costs, FULL_CHAIN, BARE), naive: ratioOf(costs, NAIVE, FULL_CHAIN) },
    bars: [...costs.keys()].map((label) => ({
      label: label.replaceAll('`', ''),
      ratio: ratioOf(costs, label, BARE),
      isOurs: label.startsWith('ours'),
    })),
    skipped,
  };
}

async function sse(tools: Tools): Promise<Section> {
  const { contenders, skipped } = rival(tools, 'sse');
  const costs = await compare([...core('sse'), ...contenders], tools.scale.rest);
  return { id: 'calls-sse', head: RATIO_HEAD, rows: ratioRows(costs, BARE), skipped };
}

async function large(tools: Tools, answers: Answers): Promise<Section> {
  const costs = await compare(core(answers, LARGE), tools.scale.rest);
  return { id: `large-${answers}`, head: RATIO_HEAD, rows: ratioRows(costs, BARE) };
}

export const calls: Experiment = {
  name: 'calls',
  run: async (tools) => [await json(tools), await sse(tools)],
};

export const largeBodies: Experiment = {
  name: 'large',
  run: async (tools) => [await large(tools, 'json'), await large(tools, 'sse')],
};
