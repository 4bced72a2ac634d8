import type { Sample } from './sample.js';

/** Bytes that a heap may grow by for each session or request that ever was: whatever is kept of one weighs more. */
const BYTES_EACH = 64;
/** A heap that has been collected still differs from time to time by so much. */
const HEAP_NOISE_BYTES = 2_500_000;
/** Connections that are just closing, timers that are just over. */
const RESOURCE_NOISE = 8;
const DELAY_NOISE_MS = 100;
const DELAY_RATIO = 4;
/** Quiet points that are judged, at least; one in four, and two at least, are for warming up. */
const JUDGED = 3;

/** What a run has shown that must not be, in words; nothing where all is well. */
export function verdict(samples: readonly Sample[], faults: readonly string[]): string[] {
  const quiet = samples.filter(({ isQuiet }) => isQuiet);
  const judged = quiet.slice(Math.max(2, Math.floor(quiet.length / 4)));
  const findings = [...new Set(faults)];
  const [first, last] = [judged[0], judged.at(-1)];
  if (judged.length < JUDGED || !first || !last) return [...findings, 'the run was too short to be judged'];
  return [
    ...findings,
    ...heapFindings(judged, first, last),
    ...countFindings(judged, first, last),
    ...delayFindings(samples),
  ];
}

function heapFindings(judged: readonly Sample[], first: Sample, last: Sample): string[] {
  return (['begun', 'requests'] as const).flatMap((what) => {
    const slope = slopeOf(judged.map((sample) => [sample[what], sample.heapBytes]));
    const rise = slope * (last[what] - first[what]);
    if (slope <= BYTES_EACH || rise <= HEAP_NOISE_BYTES) return [];
    const each = what === 'begun' ? 'session' : 'request';
    return [`the heap rises by ${Math.round(slope)} bytes for each ${each}`];
  });
}

function countFindings(judged: readonly Sample[], first: Sample, last: Sample): string[] {
  const left = judged.filter(({ sessions }) => sessions !== 0);
  const more = Object.entries(last.resources).filter(
    ([kind, count]) => count > (first.resources[kind] ?? 0) + RESOURCE_NOISE,
  );
  return [
    ...left.slice(0, 1).map(({ sessions }) => `${sessions} sessions have never ended`),
    ...more.map(([kind, count]) => `${kind}: ${first.resources[kind] ?? 0} have become ${count}`),
    ...(last.listeners > first.listeners
      ? [`${first.listeners} listeners have become ${last.listeners}`]
      : []),
  ];
}

function delayFindings(samples: readonly Sample[]): string[] {
  const busy = samples.filter(({ isQuiet }) => !isQuiet).map(({ delayP99Ms }) => delayP99Ms);
  const third = Math.floor(busy.length / 3);
  if (third === 0) return [];
  const [before, after] = [median(busy.slice(0, third)), median(busy.slice(-third))];
  const isWorse = after > DELAY_NOISE_MS && after > before * DELAY_RATIO;
  return isWorse
    ? [`the event loop waits ${after.toFixed(0)} ms, where it waited ${before.toFixed(0)} ms`]
    : [];
}

/** The median of the slopes between all pairs (Theil–Sen): one odd point changes nothing. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).flatMap(([otherX, otherY]) => (otherX > x ? [(otherY - y) / (otherX - x)] : [])),
  );
  return median(slopes);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
