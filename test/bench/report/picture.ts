import { escaped, STYLE } from '../../support/picture-style.js';
import type { Bar } from './section.js';

const WIDTH = 880;
const LEFT = 330;
const RIGHT = 90;
const ROW = 34;
const TOP = 96;
/** Ratios beyond it are cut off; their numbers are not. */
const MOST = 2.5;

const scale = (ratio: number): number => LEFT + (Math.min(ratio, MOST) / MOST) * (WIDTH - LEFT - RIGHT);

function row({ label, ratio: { low, mid, high }, isOurs }: Bar, index: number): string {
  const y = TOP + index * ROW;
  const middle = y + 11;
  const end = scale(mid);
  const whisker = `M${scale(low).toFixed(1)} ${middle} H${scale(high).toFixed(1)} m0 -4 v8 M${scale(low).toFixed(1)} ${middle - 4} v8`;
  const cut = `<path d="M${end - 24} ${y + 26} l8 -30 h8 l-8 30 z" class="cut"/>`;
  return [
    `<text x="${LEFT - 12}" y="${y + 16}" text-anchor="end" class="${isOurs ? 'bold goInk' : ''}">${escaped(label)}</text>`,
    `<rect x="${LEFT}" y="${y}" width="${(end - LEFT).toFixed(1)}" height="22" class="${isOurs ? 'go' : 'box'}"/>`,
    mid > MOST ? cut : `<path d="${whisker}" class="line"/>`,
    `<text x="${(Math.max(end, scale(high)) + 10).toFixed(1)}" y="${y + 16}" class="bold">${mid.toFixed(mid < 10 ? 2 : 0)}</text>`,
  ].join('\n  ');
}

/** The ratios as bars with their quartiles, in colours for light and for dark pages. */
export function pictureOf(bars: readonly Bar[]): string {
  const bottom = TOP + bars.length * ROW;
  const height = bottom + 40;
  const ticks = [0, 0.5, 1, 1.5, 2, 2.5].map(
    (tick) =>
      `<path d="M${scale(tick)} ${TOP - 14} V${bottom}" class="${tick === 1 ? 'line' : 'grid'}"/>
  <text x="${scale(tick)}" y="${bottom + 20}" text-anchor="middle" class="small soft">${tick}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">
  <title id="title">CPU of one request, as a ratio to the bare SDK</title>
  <desc id="desc">${escaped(bars.map(({ label, ratio }) => `${label}: ${ratio.mid.toFixed(2)}`).join('; '))}.</desc>
  <style>${STYLE}</style>
  <rect x="0.6" y="0.6" width="${WIDTH - 1.2}" height="${height - 1.2}" rx="10" class="bg"/>
  <text x="24" y="36" class="bold">CPU of one request, as a ratio to the bare SDK</text>
  <text x="24" y="56" class="small soft">tools/call answered with JSON where nothing else is said; lower is better; the whiskers are quartiles</text>
  ${[...ticks, ...bars.map(row)].join('\n  ')}
</svg>
`;
}
