import { type Facts, number, ratioText, type Section } from './section.js';

interface Goal {
  readonly fact: string;
  readonly text: string;
  readonly goal: number;
  readonly must: number;
  readonly unit?: string;
  /** More is better. */
  readonly isFloor?: boolean;
}

const GOALS: readonly Goal[] = [
  {
    fact: 'fullChain',
    text: 'full chain against the bare SDK v1, CPU of one `tools/call`',
    goal: 1,
    must: 1.15,
  },
  {
    fact: 'naive',
    text: 'a hash on every request against the full chain',
    goal: 75,
    must: 40,
    isFloor: true,
  },
  {
    fact: 'v2Modern',
    text: '2026-07-28: full chain against the bare `createMcpHandler`',
    goal: 1.1,
    must: 1.2,
  },
  { fact: 'initialize', text: '`initialize` against bare, verifier excluded', goal: 1.15, must: 1.3 },
  {
    fact: 'heap',
    text: 'heap of an idle session above bare, most sessions',
    goal: 2,
    must: 4,
    unit: ' KB',
  },
  { fact: 'growth', text: 'CPU of one call, most sessions against 100', goal: 1.1, must: 1.15 },
  { fact: 'refusal', text: 'the dearest refusal against a served call', goal: 0.5, must: 0.7 },
  { fact: 'flood', text: 'honest p99 under a flood of wrong passwords against without', goal: 2, must: 3 },
];

/** Which goals this run has met; those that it did not measure are left out. */
export function goalsOf(sections: readonly Section[]): Section {
  const facts: Facts = Object.assign({}, ...sections.map((section) => section.facts));
  const rows = GOALS.flatMap((goal) => {
    const measured = facts[goal.fact];
    if (!measured) return [];
    const sign = goal.isFloor ? '≥' : '≤';
    const bound = (value: number): string => `${sign} ${number(value)}${goal.unit ?? ''}`;
    const verdict = verdictOf(goal, measured.mid);
    return [
      [goal.text, bound(goal.goal), bound(goal.must), `${ratioText(measured)}${goal.unit ?? ''}`, verdict],
    ];
  });
  return { id: 'goals', head: ['', 'goal', 'must', 'measured (quartiles)', ''], rows };
}

function verdictOf({ goal, must, isFloor }: Goal, value: number): string {
  const holds = (bound: number): boolean => (isFloor ? value >= bound : value <= bound);
  if (holds(goal)) return 'goal met';
  return holds(must) ? 'must met' : '**not met**';
}
