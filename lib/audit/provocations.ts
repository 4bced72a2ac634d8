import type { Actor } from './actor.js';
import { initialize } from './messages.js';
import type { Ask } from './target.js';

const DEPTH = 5000;
const HUGE_BYTES = 2_097_152;

/** A request that is not as it should be. */
export interface Provocation {
  readonly what: string;
  readonly ask: Ask;
}

const deep = '['.repeat(DEPTH) + ']'.repeat(DEPTH);
const huge = JSON.stringify({ jsonrpc: '2.0', method: 'x', params: { text: 'a'.repeat(HUGE_BYTES) } });

/** Ids that are names of what every object has, and one that is too long. */
export const oddSessionIds: readonly string[] = ['constructor', '__proto__', 'toString', 'x'.repeat(4096)];

/** What makes careless servers tell of themselves. */
export function provocationsOf(as: Actor, { pathname, origin }: URL): readonly Provocation[] {
  const bodies: readonly (readonly [string, string])[] = [
    ['a body that is no JSON', '{"jsonrpc":'],
    ['JSON that is no object', '"audit"'],
    ['JSON nested 5000 deep', deep],
    ['2 MiB of JSON', huge],
    ['a method that is a number', '{"jsonrpc":"2.0","id":"audit-0","method":1}'],
  ];
  return [
    ...bodies.map(([what, body]) => ({ what, ask: { as, body } })),
    { what: 'GET as a browser sends it', ask: { as, method: 'GET', headers: [['Accept', 'text/html']] } },
    {
      what: 'a body as application/x-www-form-urlencoded',
      ask: { as, body: 'a=b', headers: [['Content-Type', 'application/x-www-form-urlencoded']] },
    },
    {
      what: 'a broken escape in the path',
      ask: { as, message: initialize(), url: new URL(`${pathname.replace(/\/$/, '')}/%zz`, origin) },
    },
  ];
}
