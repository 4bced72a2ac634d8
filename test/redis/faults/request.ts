import { basic, call, type Reply } from '../../support/call.js';
import type { Ledger } from './ledger.js';
import type { Place } from './world.js';

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
export async function send(ledger: Ledger, place: Place, sent: Sent): Promise<Got> {
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
