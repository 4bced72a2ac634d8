import { basic, call, type Reply } from '../../support/call.js';
import type { Ledger, Violation } from './ledger.js';
import { PASSWORD } from './people.js';
import type { Place, World } from './world.js';

export interface Scene {
  readonly world: World;
  readonly ledger: Ledger;
  /** How long a node may go on with what it knows. */
  readonly knownMs: number;
}

export interface Sent {
  readonly who: string;
  readonly user: string;
  readonly password: string;
  readonly address: string;
  readonly method?: string;
  readonly session?: string;
  readonly body?: object;
}

export type Got = Pick<Reply, 'status' | 'headers' | 'text' | 'json'>;

const PATIENCE_MS = 10_000;
const NOTHING: Got = { status: 0, headers: {}, text: '', json: undefined };

/** One request. Status 0: the connection broke, which only a node may do that is killed. */
export async function send({ ledger }: Scene, place: Place, sent: Sent): Promise<Got> {
  const { who, user, password, address, method = 'POST', session, body } = sent;
  const since = performance.now();
  const process = place.node;
  try {
    const got = await call(place.url, {
      method,
      headers: {
        authorization: basic(user, password),
        'x-forwarded-for': address,
        ...(session !== undefined && { 'mcp-session-id': session }),
      },
      ...(body && { body }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    ledger.count(who, String(got.status));
    // Whoever gets so far has been proven, there and then or before; who is told of an outage, perhaps.
    if ([200, 202, 404, 503].includes(got.status) && password === PASSWORD)
      ledger.proven(user, `${process.name} ${process.pid}`, got.status === 503 ? undefined : since);
    if (got.status === 503) ledger.refusedMs.push(performance.now() - since);
    return got;
  } catch (error) {
    ledger.count(who, 'no answer');
    const isKilled = process !== place.node || !process.isAlive || place.isDying;
    if (!isKilled) {
      const ms = Math.round(performance.now() - since);
      ledger.violate('unexpected', `${who}: ${method} at ${place.name}: ${error} after ${ms} ms`);
    }
    return NOTHING;
  }
}

/** Notes any other status as what must not be. */
export function mustBe(
  { ledger }: Scene,
  allowed: readonly number[],
  { status, text }: Got,
  kind: Violation,
  what: string,
): void {
  if (allowed.includes(status)) return;
  const isOdd = status >= 500 || status === 400;
  ledger.violate(isOdd ? 'unexpected' : kind, `${what}: ${status} ${text.slice(0, 200)}`);
}
