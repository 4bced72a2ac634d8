import type { Request } from 'express';
import { BasicStrategy } from 'passport-http';
import { Strategy as BearerStrategy } from 'passport-http-bearer';

import { parseBasic, parseBearer, readAuthorization } from '../http/authorization.js';
import type { Awaitable, BasicCredentials, BearerCredentials, VerifyContext } from '../types.js';
import { requestView, strategyRunner } from './strategy-runner.js';

type Verify<C> = (credentials: C, context: VerifyContext) => Awaitable<unknown>;

const CONTEXT = Symbol('verify context');

interface Outcome {
  success(user: unknown): void;
  fail(status: number): void;
  error(error: unknown): void;
}

/** Reads the one `Authorization` header as its scheme's RFC says, and hands what it found to the verifier. */
async function authenticateStrictly<C>(
  strategy: Outcome,
  request: Request,
  scheme: string,
  parse: (value: string) => C | undefined,
  verify: Verify<C>,
): Promise<void> {
  const authorization = readAuthorization(request.rawHeaders);
  const credentials =
    authorization.kind === 'present' && authorization.scheme === scheme
      ? parse(authorization.value)
      : undefined;
  if (credentials === undefined) return strategy.fail(400);
  try {
    const { [CONTEXT]: context } = request as unknown as { [CONTEXT]: VerifyContext };
    // Wrapped: whoever asked reads it, and Passport takes nothing for an answer.
    strategy.success({ answer: await verify(credentials, context) });
  } catch (error) {
    strategy.error(error);
  }
}

const unused = (): void => {};

/** `passport-http`'s Basic, but with RFC 7617's reading: anchored scheme, split at the first colon, strict base64. */
class StrictBasicStrategy extends BasicStrategy {
  readonly verify: Verify<BasicCredentials>;

  constructor(verify: Verify<BasicCredentials>) {
    super(unused);
    this.verify = verify;
  }

  override authenticate(request: Request): void {
    const strategy = this as unknown as Outcome;
    void authenticateStrictly(strategy, request, 'basic', parseBasic, this.verify);
  }
}

/** `passport-http-bearer`'s Bearer, but from the header alone: MCP forbids tokens in the query and the body. */
class StrictBearerStrategy extends BearerStrategy<never> {
  readonly verify: Verify<BearerCredentials>;

  constructor(verify: Verify<BearerCredentials>) {
    super(unused);
    this.verify = verify;
  }

  override authenticate(request: Request): void {
    const strategy = this as unknown as Outcome;
    void authenticateStrictly(strategy, request, 'bearer', parseBearer, this.verify);
  }
}

type Run = (context: VerifyContext) => Promise<unknown>;

function running(strategy: StrictBasicStrategy | StrictBearerStrategy): Run {
  const run = strategyRunner(strategy);
  return async (context) => {
    const success = (await run(requestView(context.request, { [CONTEXT]: context }))) as {
      readonly answer: unknown;
    } | null;
    return success === null ? null : success.answer;
  };
}

/** Runs `verify` as Passport's Basic strategy. */
export const basicStrategy = (verify: Verify<BasicCredentials>): Run =>
  running(new StrictBasicStrategy(verify));

/** Runs `verify` as Passport's Bearer strategy. */
export const bearerStrategy = (verify: Verify<BearerCredentials>): Run =>
  running(new StrictBearerStrategy(verify));
