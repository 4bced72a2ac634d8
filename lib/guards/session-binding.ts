import type { Request, RequestHandler, Response } from 'express';

import { lastGate, MCP_METHODS, METHOD_NOT_ALLOWED } from '../authentication/last-gate.js';
import { isGuardError } from '../errors.js';
import type { GuardEventReason } from '../events.js';
import { defineGuard, type GuardOutcome, HANDLED, publisher } from '../guard.js';
import type { Denial } from '../http/denial.js';
import { headerSessionId, querySessionId } from '../http/session-id.js';
import { openExchange } from '../open-exchange.js';
import { checkOptions, methodsOf, oneOf, rule, withDefaults } from '../options.js';
import { principalKey } from '../principal.js';
import type { RequestState } from '../request-state.js';
import { attach } from '../sessions/attachment.js';
import type { LiveSession } from '../sessions/live-session.js';
import { MemorySessionStore } from '../sessions/memory-session-store.js';
import { operationsOn, type SessionOperations } from '../sessions/operations.js';
import { REGISTRY_DEFAULTS } from '../sessions/registry-options.js';
import { bindingRefusal } from '../sessions/session-id.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import { withoutSession } from '../sessions/without-session.js';
import type { Awaitable, SessionStore } from '../types.js';
import { isPending } from '../within-time.js';

export interface SessionBindingOptions {
  /** Where sessions are kept. Default: this process. */
  readonly store?: SessionStore;
  /** A session ends this long after its last call. Default 1800. */
  readonly idleSeconds?: number;
  /** A session ends this long after it began. Default 43 200. */
  readonly absoluteSeconds?: number;
  /** Default 10 000; beyond it 503. */
  readonly maxSessions?: number;
  /** Default 32. */
  readonly maxSessionsPerPrincipal?: number;
  /** At a principal's limit: end the one not used for longest, or refuse (503). Default `evict-idle`. */
  readonly onLimit?: 'evict-idle' | 'refuse';
  /** How often `isActive` is asked while a stream is open. Default 30. */
  readonly recheckSeconds?: number;
  /**
   * While the store fails: serve sessions that this process serves already, for at most `recheckSeconds` since the store
   * last knew them, or refuse (503). Default `serve-known`. New sessions are refused in any case.
   */
  readonly onStoreDown?: 'serve-known' | 'refuse';
}

/** The middleware, and what an operator can do with its sessions. */
export type SessionBinding = RequestHandler & SessionOperations;

/**
 * Binds each MCP session to the principal that began it. On every request the caller is known before the session is
 * looked up; a session that is unknown, over or somebody else's is one and the same 404. Throws `TypeError` for bad
 * options.
 *
 * @example
 * const sessions = mcpSessionBinding({ idleSeconds: 900 });
 * app.use('/mcp', mcpBasicAuth({ verifier }), sessions, mcpHandler({ createServer }));
 */
export function mcpSessionBinding(options: SessionBindingOptions = {}): SessionBinding {
  checkOptions('mcpSessionBinding', options, {
    store: methodsOf('create', 'get', 'update', 'delete', 'list'),
    idleSeconds: rule.seconds,
    absoluteSeconds: rule.seconds,
    maxSessions: rule.count,
    maxSessionsPerPrincipal: rule.count,
    onLimit: oneOf('evict-idle', 'refuse'),
    recheckSeconds: rule.seconds,
    onStoreDown: oneOf('serve-known', 'refuse'),
  });
  const publish = publisher('mcpSessionBinding');
  const registry = new SessionRegistry({
    ...withDefaults(REGISTRY_DEFAULTS, options),
    store: options.store ?? new MemorySessionStore(),
    publish,
  });

  const proceed = (
    request: Request,
    response: Response,
    state: RequestState,
    session?: LiveSession,
  ): GuardOutcome => {
    const attachment = openExchange(registry, request, response, state, session);
    if (!attachment) return HANDLED;
    attach(state, attachment);
    return undefined;
  };

  const guard = defineGuard('mcpSessionBinding', (request, response, state) => {
    if (!MCP_METHODS.has(request.method)) return METHOD_NOT_ALLOWED;
    const { deferred } = state;
    const principal = state.principal ?? deferred?.principal;
    if (!principal) return lastGate(request, state);
    for (const keeper of state.keepers) registry.meet(keeper, state.keepers);
    const inHeader = headerSessionId(request);
    const sent = inHeader.kind === 'none' ? querySessionId(request) : inHeader;
    const isByQuery = inHeader.kind === 'none';
    // In a query only what may be an id of HTTP+SSE is one; what it is worth is for its handler to say.
    if (isByQuery && !(sent.kind === 'sent' && sent.isOurs)) {
      return deferred ?? proceed(request, response, state);
    }
    if (sent.kind !== 'sent') return deferred ?? { code: 'invalid_session_id' };

    const { id, isOurs } = sent;
    const tellRefusal = (reason: GuardEventReason): void =>
      publish({ type: 'session.refused', reason, principal: principalKey(principal), session: id });
    const judge = (session?: LiveSession): Awaitable<GuardOutcome> => {
      const refused = bindingRefusal(isOurs, session, principal);
      if (!refused) {
        deferred?.lift();
        return proceed(request, response, state, session);
      }
      tellRefusal(refused);
      if (deferred) return deferred;
      const lost = refused === 'reduced_scopes' ? session : undefined;
      return withoutSession(request, registry, isByQuery, lost).then(
        (denial) => denial ?? proceed(request, response, state),
      );
    };
    const failed = (error: unknown): Denial => {
      tellRefusal(isGuardError(error) && error.code === 'closing' ? 'closing' : 'store_error');
      if (deferred) return deferred;
      throw error;
    };
    let found: Awaitable<LiveSession | undefined>;
    try {
      found = isOurs ? registry.find(id, principal, state.keepers) : undefined;
    } catch (error) {
      return failed(error);
    }
    return isPending(found) ? found.then(judge, failed) : judge(found);
  });

  return Object.assign(guard, operationsOn(registry));
}
