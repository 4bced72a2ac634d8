import type { Request, Response } from 'express';
import passport from 'passport';

import { Abstained } from '../credentials/verdict.js';

/** Anything that Passport can run. */
export interface PassportStrategy {
  authenticate(request: Request, options?: object): unknown;
}

/** Runs a strategy on a request. Resolves to the user, `null` for a wrong credential; rejects on an error. */
export type StrategyRunner = (request: Request) => Promise<unknown>;

const NAME = 'guarded';

/**
 * Makes a runner for one strategy. The strategy is registered by name on a Passport of its own: given as an instance,
 * Passport would write `success` and `fail` onto that one shared object, and overlapping logins would swap identities.
 * The first verdict counts. `pass` and `redirect` abstain.
 */
export function strategyRunner(strategy: PassportStrategy): StrategyRunner {
  const own = new passport.Passport();
  own.use(NAME, catchingRejections(strategy) as passport.Strategy);
  return (request) =>
    new Promise((resolve, reject) => {
      const abstain = (): void => reject(new Abstained());
      const conclude = (...verdict: unknown[]): void => {
        const [error, user] = verdict;
        if (error) reject(error);
        // Passport reports `fail` with four arguments and `success` with three: only so a success without a user,
        // which is a fault of the strategy, can be told from a wrong credential.
        else if (verdict.length > 3) resolve(null);
        else if (user) resolve(user);
        else resolve(undefined);
      };
      own.authenticate(NAME, { session: false }, conclude)(request, mutedResponse(abstain), abstain);
    });
}

/** Passport drops the promise of an async `authenticate`: unhandled, its rejection would end the process. */
function catchingRejections(strategy: PassportStrategy): PassportStrategy {
  function authenticate(this: { error(error: unknown): void }, request: Request, options?: object): void {
    const outcome: unknown = strategy.authenticate.call(this, request, options);
    if (outcome instanceof Promise) outcome.catch((error: unknown) => this.error(error));
  }
  return Object.create(strategy, { authenticate: { value: authenticate } }) as PassportStrategy;
}

/** What Passport needs of a response in order to redirect; nothing of it reaches the client. */
function mutedResponse(onEnd: () => void): Response {
  return { statusCode: 200, setHeader: () => {}, end: onEnd } as unknown as Response;
}

/** A request as a strategy may see and mark it: what it writes there stays there. */
export function requestView(request: Request, own: Readonly<Record<PropertyKey, unknown>>): Request {
  return Object.assign(Object.create(request) as Request, own);
}
