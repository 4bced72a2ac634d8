import type { Request, RequestHandler } from 'express';

import type { ProofResult } from '../credentials/proof-result.js';
import type { Prover } from '../credentials/prover.js';
import type { Publish } from '../events.js';
import { defineGuard, type GuardOutcome, publisher } from '../guard.js';
import type { Challenge, Denial } from '../http/denial.js';
import { namedSessionId } from '../http/session-id.js';
import { principalKey } from '../principal.js';
import type { DeferredRefusal, HookCredentials, LimiterRefusal, RequestState } from '../request-state.js';
import { onOver } from '../response-end.js';
import type { Awaitable, Principal, VerifyContext } from '../types.js';
import { hideCredentials } from './auth-info.js';
import { AMBIGUOUS, hasQueryToken, MCP_METHODS } from './last-gate.js';
import type { Presented } from './presented.js';
import { type Refusal, refusalOf, tell } from './refusal.js';
import { setPrincipal } from './set-principal.js';

export interface AuthGuardConfig<C extends object> {
  readonly name: string;
  readonly challenge?: Challenge;
  /** Lower-case header names that tools must not see, beyond the fixed ones. */
  readonly hiddenHeaders?: readonly string[];
  /** `false` where every credential proves somebody: there is nothing to guess, and the limiter is not asked. */
  readonly isLimited?: boolean;
  readonly prover: Prover;
  /** The guard's own credential in this request: absent, unusable, or presented. */
  present(request: Request, state: RequestState): Presented<C> | Denial | undefined;
  verify(credentials: C, context: VerifyContext): Awaitable<unknown>;
  /** Asked for every request after the proof: may a proven principal pass? */
  authorize?(principal: Principal): Denial | undefined;
}

/** Makes a guard that proves credentials of one scheme, all of them on the same path. */
export function defineAuthGuard<C extends object>(config: AuthGuardConfig<C>): RequestHandler {
  const { name, challenge, prover, hiddenHeaders = [], isLimited = true } = config;
  const publish = publisher(name);
  return defineGuard(name, (request, response, state) => {
    if (!MCP_METHODS.has(request.method)) return undefined;
    if (challenge) state.challenges.push(challenge);
    state.keepers.push(prover);
    state.hiddenHeaders.push(...hiddenHeaders);
    const presented = hasQueryToken(request.originalUrl) ? AMBIGUOUS : config.present(request, state);
    if (presented === undefined) return undefined;
    if ('code' in presented) return refuse(publish, state, refusalOf(presented), challenge);
    if (state.principal || state.deferred) return refuse(publish, state, refusalOf(AMBIGUOUS), challenge);
    const result = prover.prove({
      key: presented.key,
      account: presented.account,
      question: isLimited ? state.question : undefined,
      sessionId: namedSessionId(request),
      verify: (signal) => config.verify(hideCredentials(presented.credentials), { request, signal }),
      onGone: (listener) => onOver(response, listener),
    });
    const conclude = (proof: ProofResult): GuardOutcome => {
      if (proof.kind === 'denied') return refuse(publish, state, proof, challenge);
      const { principal, isFresh, deferred } = proof;
      const denial = config.authorize?.(principal);
      const pass = (): void => admit(request, state, config, presented, principal);
      if (denial) return refuse(publish, state, refusalOf(deferred ?? denial), challenge);
      if (deferred) {
        tell(publish, state, refusalOf(deferred));
        state.deferred = deferredFor(deferred, principal, pass);
        return undefined;
      }
      if (isFresh) {
        const client = state.question && { client: state.question.client };
        publish({ type: 'auth.succeeded', principal: principalKey(principal), ...client });
      }
      pass();
      return undefined;
    };
    return 'kind' in result ? conclude(result) : Promise.resolve(result).then(conclude);
  });
}

/** While the refusal stands nobody learns of the principal: not `req.user`, not `getPrincipal`. */
function deferredFor(refusal: LimiterRefusal, principal: Principal, pass: () => void): DeferredRefusal {
  return {
    ...refusal,
    principal,
    lift: () => {
      refusal.lift?.();
      pass();
    },
  };
}

function admit<C extends object>(
  request: Request,
  state: RequestState,
  { prover }: AuthGuardConfig<C>,
  presented: Presented<C>,
  principal: Principal,
): void {
  const { hooks } = prover;
  state.deferred = undefined;
  state.proof = {
    keeper: prover,
    key: presented.key,
    hooks,
    credentials: hooks && (() => hideCredentials(presented.credentials) as HookCredentials),
  };
  state.presentedToken = presented.token;
  state.resource = presented.resource;
  state.forwarded = presented.forwarded;
  setPrincipal(request, state, principal);
}

function refuse(
  publish: Publish,
  state: RequestState,
  refusal: Refusal,
  challenge: Challenge | undefined,
): Denial {
  tell(publish, state, refusal);
  const { code, retryAfterSeconds } = refusal;
  return { code, retryAfterSeconds, ...(challenge && { failed: challenge }) };
}
