import type { Request } from 'express';
import { McpGuardError } from '../errors.js';
import { enrich, isPrincipal, principalKey } from '../principal.js';
import type { RequestState, SessionHooks } from '../request-state.js';
import { assertAlive, type LiveSession } from '../sessions/live-session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { Principal } from '../types.js';
import { withinTime } from '../within-time.js';
import { policyOr503, type Report } from './create-server.js';

export interface LoginContext {
  readonly createTimeoutMs: number;
  readonly report: Report;
}

/**
 * The full login of a session that has its slot: `startSession`, bounded in time, its result kept in the store. From
 * then on the session's end undoes it. Rejects with a `McpGuardError`; what the login did is then undone already, or
 * will be by the session's end. Nothing to wait for where there is no `startSession`.
 */
export function logIn(
  session: LiveSession,
  registry: SessionRegistry,
  request: Request,
  state: RequestState,
  context: LoginContext,
): Promise<void> | undefined {
  const { hooks, credentials } = state.proof ?? {};
  if (!hooks) return undefined;
  const { startSession } = hooks;
  if (!startSession) {
    session.hooks = hooks;
    return undefined;
  }
  const about = { sessionId: session.id, request, ...(credentials && { credentials: credentials() }) };
  return startLogin(session, registry, hooks, async () => startSession(session.presented, about), context);
}

async function startLogin(
  session: LiveSession,
  registry: SessionRegistry,
  hooks: SessionHooks,
  start: () => Promise<Principal | void>,
  { createTimeoutMs, report }: LoginContext,
): Promise<void> {
  const starting = start();
  let started: Principal | void;
  try {
    started = await withinTime(() => starting, createTimeoutMs);
  } catch (error) {
    // A login that succeeds after all has nobody to serve.
    starting.then((late) => undo(hooks, session, late, report)).catch(() => {});
    const denial = policyOr503(error);
    if (denial.code === 'unavailable') report('start_session', 'startSession failed', error);
    throw denial;
  }
  if (started !== undefined && !isSamePerson(started, session.presented)) {
    await undo(hooks, session, undefined, report);
    const error = new TypeError('mcpHandler: startSession returned something that is not the same principal');
    report('start_session', error.message, error);
    throw new McpGuardError('unavailable', { cause: error });
  }
  if (session.ending) await undo(hooks, session, started, report);
  assertAlive(session);
  session.hooks = hooks;
  await registry.keepLogin(session, started ? enrich(session.presented, started) : undefined);
}

function isSamePerson(value: unknown, person: Principal): value is Principal {
  return isPrincipal(value) && principalKey(value) === principalKey(person);
}

async function undo(
  { endSession }: SessionHooks,
  { id, presented, endReason }: LiveSession,
  started: Principal | void,
  report: Report,
): Promise<void> {
  const principal = started && isSamePerson(started, presented) ? enrich(presented, started) : presented;
  try {
    await endSession?.(principal, { sessionId: id, reason: endReason });
  } catch (error) {
    report('end_session', 'endSession failed', error);
  }
}
