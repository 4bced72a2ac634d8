import {
  type BasicCredentials,
  type LoginStore,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  type Principal,
} from '../../../lib/index.js';
import { basic, call, initialize } from '../../support/call.js';
import { buildServer } from '../../support/mcp.js';
import { type Served, serveApp } from '../../support/serve.js';

export type Verdict = Principal | null;

/** One account, `alice`, behind a limiter and a proxy that tells whom it forwards for. */
export interface Place extends Served {
  readonly asked: BasicCredentials[];
}

export interface Rules {
  readonly points?: number;
  readonly store?: LoginStore;
  readonly timeoutMs?: number;
}

export async function openPlace(
  verify: (credentials: BasicCredentials, signal: AbortSignal) => Verdict | Promise<Verdict>,
  { points = 5, timeoutMs = 5000, store }: Rules = {},
): Promise<Place> {
  const asked: BasicCredentials[] = [];
  const served = await serveApp((app) => {
    app.set('trust proxy', 'loopback');
    app.use(
      '/mcp',
      mcpLoginLimiter({ points, ...(store && { store }) }),
      mcpBasicAuth({
        timeoutMs,
        verifier: (credentials, { signal }) => {
          asked.push(credentials);
          return verify(credentials, signal);
        },
      }),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
  });
  return { ...served, asked };
}

/** Presents a password for `alice`; resolves to the status. */
export async function login(place: Place, password: string, from = '192.0.2.1'): Promise<number> {
  const headers = { authorization: basic('alice', password), 'x-forwarded-for': from };
  return (await call(place.url, { headers, body: initialize() })).status;
}

/** Connections that the server has open. */
export function connections({ server }: Place): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, open) => resolve(open)));
}

/** How many wrong passwords are verified until the account is closed. */
export async function budgetLeft(place: Place): Promise<number> {
  for (let guesses = 0; guesses < 50; guesses += 1) {
    if ((await login(place, `guess ${guesses} of ${place.asked.length}`)) === 429) return guesses;
  }
  throw new Error('never closed');
}
