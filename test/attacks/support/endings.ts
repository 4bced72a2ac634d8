import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';

import {
  mcpBearerAuth,
  mcpHandler,
  mcpSessionBinding,
  type Principal,
  type SessionBinding,
} from '../../../lib/index.js';
import { gate } from '../../support/gate.js';
import { buildServer } from '../../support/mcp.js';
import { type Served, serve } from '../../support/serve.js';
import { bearer, person, tokens } from './people.js';
import { end, use } from './sessions.js';

/** A place where calls of `whoami` never end, and where anything that can end a session can happen. */
export interface Place extends Served {
  readonly sessions: SessionBinding;
  readonly servers: McpServer[];
  isAliceActive: boolean;
  isDirectoryDown: boolean;
  running: number;
}

export interface Setting {
  readonly alice?: Partial<Principal>;
  readonly absoluteSeconds?: number;
  /** Seconds for which the token is good that the login issues. */
  readonly issuedFor?: number;
  /** Calls are answered with JSON instead of a stream. */
  readonly enableJsonResponse?: boolean;
}

export async function openPlace({
  alice = {},
  absoluteSeconds = 3600,
  issuedFor,
  enableJsonResponse = false,
}: Setting = {}): Promise<Place> {
  const work = gate();
  const servers: McpServer[] = [];
  const sessions = mcpSessionBinding({ absoluteSeconds, recheckSeconds: 0.5 });
  const verifier = tokens(
    { alice: person('alice', alice), bob: person('bob'), demoted: person('alice') },
    {
      isActive: ({ subject }) => {
        if (place.isDirectoryDown) throw new Error('down');
        return subject !== 'alice' || place.isAliceActive;
      },
      ...(issuedFor !== undefined && {
        startSession: (principal) =>
          principal.subject === 'alice'
            ? { ...principal, token: 'issued', expiresAt: Date.now() / 1000 + issuedFor }
            : undefined,
      }),
    },
  );
  const served = await serve(
    mcpBearerAuth({ verifier }),
    sessions,
    mcpHandler({
      enableJsonResponse,
      createServer: ({ principal }) => {
        const server = buildServer(principal, (tool) => {
          if (tool !== 'whoami') return undefined;
          place.running += 1;
          return work.opened;
        });
        servers.push(server);
        return server;
      },
    }),
  );
  const place: Place = {
    ...served,
    sessions,
    servers,
    isAliceActive: true,
    isDirectoryDown: false,
    running: 0,
  };
  return place;
}

export const ALICE: string = bearer('alice');

/** Something that ends Alice's session, or her. */
export interface Act {
  readonly setting?: Setting;
  /** Ends what is open; resolves when it is done. */
  run(place: Place, session: string): unknown;
  /** How long it may take beyond one second: what only a recheck finds. */
  readonly recheckMs?: number;
  /** Milliseconds after the session began at which it happens by itself. */
  readonly afterMs?: number;
  readonly status: number;
  /** It ends everybody's streams. */
  readonly endsAll?: boolean;
}

export const ACTS: Readonly<Record<string, Act>> = {
  'revocation of the session': {
    run: ({ sessions }, sessionId) => sessions.revoke({ sessionId }),
    status: 404,
  },
  'revocation of the person': { run: ({ sessions }) => sessions.revoke({ subject: 'alice' }), status: 404 },
  'deletion by the client': { run: ({ url }, session) => end(url, ALICE, session), status: 404 },
  'closing of the binding': { run: ({ sessions }) => sessions.close(), status: 404, endsAll: true },
  'a request with fewer scopes': {
    setting: { alice: { scopes: ['admin'] } },
    run: ({ url }, session) => use(url, bearer('demoted'), session),
    status: 404,
  },
  'the person disabled, found by another request': {
    run: (place, session) => {
      place.isAliceActive = false;
      return end(place.url, ALICE, session);
    },
    status: 401,
  },
  'the person disabled, found by the recheck': {
    run: (place) => {
      place.isAliceActive = false;
    },
    recheckMs: 500,
    status: 401,
  },
  'the end of the credential': {
    setting: { alice: { expiresAt: 0 } },
    run: () => {},
    afterMs: 1500,
    status: 401,
  },
  'the end of the token that the login issued': {
    setting: { issuedFor: 1.5 },
    run: () => {},
    afterMs: 1500,
    status: 404,
  },
  'the absolute end': {
    setting: { absoluteSeconds: 1.5 },
    run: () => {},
    afterMs: 1500,
    status: 404,
    endsAll: true,
  },
};
