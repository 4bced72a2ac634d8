import { compare } from '../compare.js';
import { inSessions, sessionless } from '../contender.js';
import { RATIO_HEAD, ratioOf, ratioRows } from '../report/ratio-section.js';
import type { Section } from '../report/section.js';
import type { Experiment, Tools } from './experiment.js';

export const BARE_V2 = '`createMcpHandler`, bare';
export const OURS_V2 = 'ours, full chain';
const NODE = '@modelcontextprotocol/node';

async function modern({ scale }: Tools): Promise<Section> {
  const costs = await compare(
    [
      sessionless(BARE_V2, { variant: 'bare-v2' }, 'modern'),
      sessionless(OURS_V2, { variant: 'ours-v2' }, 'modern'),
    ],
    scale.calls,
  );
  return {
    id: 'v2-modern',
    head: RATIO_HEAD,
    rows: ratioRows(costs, BARE_V2),
    facts: { v2Modern: ratioOf(costs, OURS_V2, BARE_V2) },
    bars: [{ label: 'v2: ours, full chain', ratio: ratioOf(costs, OURS_V2, BARE_V2), isOurs: true }],
  };
}

/** Bare, the SDK serves the 2025 era from a server for each request; ours has sessions. */
async function legacy({ scale }: Tools): Promise<Section> {
  const costs = await compare(
    [
      sessionless(`${BARE_V2} (a server for every request)`, { variant: 'bare-v2' }, 'legacy'),
      inSessions(`${OURS_V2} (sessions)`, { variant: 'ours-v2' }),
    ],
    scale.rest,
  );
  const [baseline = ''] = costs.keys();
  return { id: 'v2-legacy', head: RATIO_HEAD, rows: ratioRows(costs, baseline) };
}

export const v2: Experiment = {
  name: 'v2',
  async run(tools) {
    const why = tools.missing(NODE);
    if (!why) return [await modern(tools), await legacy(tools)];
    const skipped = [`the v2 SDK's own adapter, \`${NODE}\`: ${why}`];
    return ['v2-modern', 'v2-legacy'].map((id) => ({ id, head: RATIO_HEAD, rows: [], skipped }));
  },
};
