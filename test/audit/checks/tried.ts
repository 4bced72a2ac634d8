import type { Actor } from '../../../lib/audit/actor.js';
import { allChecks } from '../../../lib/audit/checks/index.js';
import type { Evidence } from '../../../lib/audit/finding.js';
import type { Ask } from '../../../lib/audit/target.js';
import type { Trial } from '../../../lib/audit/trial.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';

export const NOBODY: Actor = { name: 'no credential', headers: [] };
export const ADA: Actor = { name: 'the first credential', headers: [['Authorization', 'Bearer ada']] };
export const BEN: Actor = { name: 'the second credential', headers: [['Authorization', 'Bearer ben']] };
export const KEY: Actor = { name: 'the first credential', headers: [['X-Api-Key', 'ada']] };
const OWN_ID = 'an-id-that-the-server-gave-out';

export const reply = (status: number, headers: Readonly<Record<string, string>> = {}, text = ''): Reply => ({
  status,
  rawHeaders: Object.entries(headers).flat(),
  text,
  askedId: undefined,
});
export const challenged = (value: string): Reply => reply(401, { 'WWW-Authenticate': value });
export const streaming = (text = ''): Reply => reply(200, { 'Content-Type': 'text/event-stream' }, text);
export const endpoint = (data: string): Reply => streaming(`event: endpoint\ndata: ${data}\n\n`);

/** What serves every message, and gives out one session id. */
export function served({ message }: Ask): Reply {
  const id = message?.id;
  const text = JSON.stringify({ jsonrpc: '2.0', id, result: {} });
  const headers = { 'Content-Type': 'application/json', 'Mcp-Session-Id': OWN_ID };
  return { ...reply(id === undefined ? 202 : 200, headers, text), askedId: id };
}

export interface Outcome {
  readonly notes: readonly string[];
  readonly found: readonly string[];
  readonly evidence: readonly Evidence[];
  /** Who asked, and what of. */
  readonly asked: readonly Ask[];
  /** How often something was as it should be. */
  readonly held: number;
}

/** Runs one check against answers that are made up here. */
export async function tried(
  id: string,
  answer: (ask: Ask) => Reply | Promise<Reply>,
  setting: Partial<Trial> = {},
): Promise<Outcome> {
  const notes: string[] = [];
  const found: string[] = [];
  const evidence: Evidence[] = [];
  const asked: Ask[] = [];
  let held = 0;
  const trial: Trial = {
    ...{ served: ADA, eras: ['2025-11-25'], hasSessions: true, open: [], uninvited: reply(401) },
    ...{ guesses: undefined, tokenInQuery: false, legacySse: undefined },
    ...{ nobody: NOBODY, first: ADA, second: BEN, wrongToken: 'made-up', show: (text) => text },
    target: {
      url: new URL('http://127.0.0.1/mcp'),
      requests: 0,
      ask: async (ask) => {
        asked.push(ask);
        const given = await answer(ask);
        ask.isEnough?.(given);
        return given;
      },
      endSessions: async () => {},
      sessionsLeft: 0,
      sessionIds: new Set(),
    },
    find: ({ id, severity }, ...proofs) => {
      found.push(`${severity} ${id}`);
      evidence.push(...proofs);
    },
    leave: (why) => void notes.push(why),
    hold() {
      held += 1;
    },
    ...setting,
  };
  await allChecks.find((check) => check.id === id)?.run(trial);
  return { notes, found, evidence, asked, held };
}
