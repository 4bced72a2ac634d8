import { escaped, STYLE } from '../support/picture-style.js';
import type { Sample } from './sample.js';

const WIDTH = 880;
const LEFT = 80;
const RIGHT = 24;
const TOP = 78;
const PANEL = 110;
const GAP = 44;

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly of: (sample: Sample) => number;
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const PANELS: readonly Panel[] = [
  { title: 'sessions', unit: '', of: ({ sessions }) => sessions },
  {
    title: 'heap (dots: nobody calls, garbage collected)',
    unit: ' MB',
    of: ({ heapBytes }) => heapBytes / 1e6,
  },
  {
    title: 'connections, timers and whatever else keeps the process alive',
    unit: '',
    of: ({ resources }) => sumOf(resources),
  },
  { title: 'listeners on the process and on the HTTP server', unit: '', of: ({ listeners }) => listeners },
  { title: 'event loop delay, p99', unit: ' ms', of: ({ delayP99Ms }) => delayP99Ms },
];

/** The smallest of 1, 2 and 5 times a power of ten that is no less. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((most) => most >= value) ?? value;
}

function panel({ title, unit, of }: Panel, samples: readonly Sample[], index: number): string {
  const top = TOP + index * (PANEL + GAP);
  const bottom = top + PANEL;
  const end = samples.at(-1)?.atMs ?? 1;
  const most = roundUp(Math.max(...samples.map(of)));
  const x = ({ atMs }: Sample): string => (LEFT + (atMs / end) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (sample: Sample): string => (bottom - (of(sample) / most) * PANEL).toFixed(1);
  const dots = samples
    .filter(({ isQuiet }) => isQuiet)
    .map((sample) => `<circle cx="${x(sample)}" cy="${y(sample)}" r="2.6" class="goInk" fill="#0a6fd8"/>`);
  return [
    `<text x="${LEFT}" y="${top - 10}" class="bold">${escaped(title)}</text>`,
    ...[0, 0.5, 1].map((part) => {
      const at = bottom - part * PANEL;
      const label = `${(most * part).toLocaleString('en')}${unit}`;
      return `<path d="M${LEFT} ${at} H${WIDTH - RIGHT}" class="grid"/><text x="${LEFT - 8}" y="${at + 4}" text-anchor="end" class="small soft">${label}</text>`;
    }),
    `<path d="M${samples.map((sample) => `${x(sample)} ${y(sample)}`).join(' L')}" class="line"/>`,
    ...dots,
  ].join('\n  ');
}

/** What a run was like over time. */
export function soakPicture(samples: readonly Sample[]): string {
  const bottom = TOP + PANELS.length * (PANEL + GAP);
  const end = samples.at(-1);
  const minutes = Math.round((end?.atMs ?? 0) / 60_000);
  const what = `${minutes} minutes, ${(end?.begun ?? 0).toLocaleString('en')} sessions, ${(end?.requests ?? 0).toLocaleString('en')} requests`;
  const quiet = samples.filter(({ isQuiet }) => isQuiet).map(({ heapBytes }) => (heapBytes / 1e6).toFixed(1));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom}" width="${WIDTH}" height="${bottom}" role="img" aria-labelledby="title desc">
  <title id="title">A server under load over time</title>
  <desc id="desc">${escaped(`${what}. Heap in MB each time nobody called: ${quiet.join(', ')}.`)}</desc>
  <style>${STYLE}</style>
  <rect x="0.6" y="0.6" width="${WIDTH - 1.2}" height="${bottom - 1.2}" rx="10" class="bg"/>
  <text x="24" y="36" class="bold">A server under load over time: ${what}</text>
  ${PANELS.map((one, index) => panel(one, samples, index)).join('\n  ')}
</svg>
`;
}
