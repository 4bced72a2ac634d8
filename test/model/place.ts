import { createServer, type Server } from 'node:http';

import express from 'express';

import {
  type CredentialVerifier,
  type GuardEvent,
  MemoryLoginStore,
  MemorySessionStore,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  onGuardEvent,
  type Principal,
  type SessionBinding,
} from '../../lib/index.js';
import { type CountedLogins, type Faults, faultyLogins, faultySessions, type Turn } from './faulty-stores.js';
import { CREDENTIALS, type Credential, leaks } from './people.js';
import type { Sabotage } from './sabotage.js';
import { tellerFor } from './teller.js';
import { type Exchange, send } from './wire.js';

export const LIMITS = {
  points: 3,
  windowSeconds: 60,
  ttlSeconds: 60,
  idleSeconds: 100,
  absoluteSeconds: 300,
  perPerson: 2,
  recheckSeconds: 30,
} as const;

/** The guards as they are deployed, and what can be seen of them from outside. */
export class Place {
  readonly faults: Faults = { verifier: false, store: false, limiter: false };
  readonly active = new Map<string, boolean>();
  readonly records = new MemorySessionStore();
  readonly logins: CountedLogins;
  readonly sessions: SessionBinding;
  readonly server: Server;
  /** The credentials on which a verdict was reached, in order, and from where. */
  readonly verified: { readonly credential: Credential; readonly address: string }[] = [];
  readonly started: string[] = [];
  readonly ended: { readonly id: string; readonly reason: string }[] = [];
  /** Timers that the limiter's windows may hold: one for each key that has failed. */
  windows = 0;
  /** Verifications under way. */
  running = 0;
  readonly leaked: string[] = [];
  /** Credentials that were verified twice at once. */
  readonly twice: string[] = [];
  readonly #verifying = new Set<string>();
  /** Whether the store of sessions has been down: what it could not remove is then left in it. */
  hasFailed = false;
  /** The handler loads the SDK, which takes a time of its own. */
  readonly ready: Promise<unknown>;
  readonly close: () => Promise<void>;
  readonly deafen: () => void;

  constructor(begunAt: number, turn: Turn, sabotage: Sabotage = {}) {
    // Room for everybody here; the default makes room for a hundred thousand, which costs more than a run.
    const logins = new MemoryLoginStore({ maxKeys: 100 });
    this.logins = faultyLogins(sabotage.logins?.(logins) ?? logins, this.faults, turn);
    const store = faultySessions(sabotage.sessions?.(this.records) ?? this.records, this.faults, turn);
    const { idleSeconds, absoluteSeconds, perPerson, recheckSeconds } = LIMITS;
    this.sessions = mcpSessionBinding({
      store,
      idleSeconds,
      absoluteSeconds,
      maxSessionsPerPrincipal: perPerson,
      recheckSeconds,
    });
    const mcp = mcpHandler({
      createServer: ({ principal }) => tellerFor(principal),
      enableJsonResponse: true,
      onError: () => {},
    });
    this.ready = import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js');
    const proofCache = { ttlSeconds: LIMITS.ttlSeconds, max: 100 };
    const verifier = (sabotage.verifier ?? ((same) => same))(
      this.#verifier(begunAt, turn) as CredentialVerifier<never>,
    );
    const app = express();
    app.set('env', 'test');
    app.use(
      '/mcp',
      mcpLoginLimiter({ points: LIMITS.points, durationSeconds: LIMITS.windowSeconds, store: this.logins }),
      mcpBasicAuth({ verifier, proofCache }),
      mcpBearerAuth({ verifier, proofCache }),
      ...(sabotage.beforeBinding ? [sabotage.beforeBinding(this.records)] : []),
      this.sessions,
      mcp,
    );
    this.server = createServer(app);
    this.deafen = onGuardEvent((event: GuardEvent) => this.#listen(JSON.stringify(event)));
    this.close = async () => {
      await Promise.all([mcp.close({ graceMs: 0 }), this.sessions.close()]);
    };
  }

  fault(what: keyof Faults, isDown: boolean): void {
    this.faults[what] = isDown;
    if (what === 'store' && isDown) this.hasFailed = true;
  }

  /** Sends one request, and looks through every byte that comes back. */
  send(address: string, request: string): Exchange {
    return send(this.server, address, request, (text) => this.#listen(text));
  }

  #listen(text: string): void {
    if (leaks(text)) this.leaked.push(text);
  }

  #verifier(begunAt: number, turn: Turn): CredentialVerifier<object> {
    const fail = (): void => {
      if (this.faults.verifier) throw new Error('the canary directory is down');
    };
    return {
      verify: async (_credentials, { request }) => {
        const credential = CREDENTIALS.find(({ header }) => header === request.headers.authorization);
        if (!credential) throw new Error('nobody presents that');
        if (this.#verifying.has(credential.name)) this.twice.push(credential.name);
        this.#verifying.add(credential.name);
        this.running += 1;
        try {
          await turn('verify', fail);
        } finally {
          this.running -= 1;
          this.#verifying.delete(credential.name);
        }
        this.verified.push({ credential, address: String(request.ip) });
        const { subject, isRight, diesAfter } = credential;
        if (!isRight || subject === undefined) {
          this.windows += 3;
          return null;
        }
        return { subject, ...(diesAfter !== undefined && { expiresAt: begunAt / 1000 + diesAfter }) };
      },
      isActive: ({ subject }: Principal) => {
        fail();
        return this.active.get(subject) !== false;
      },
      startSession: (_principal, { sessionId }) => void this.started.push(sessionId),
      endSession: (_principal, { sessionId, reason }) => void this.ended.push({ id: sessionId, reason }),
    };
  }
}
