import { McpGuardError } from '../errors.js';
import { hasMethods, type OptionRule } from '../options.js';
import type { SessionHooks } from '../request-state.js';
import type {
  Awaitable,
  BearerCredentials,
  CredentialVerifier,
  Principal,
  VerifierOption,
} from '../types.js';

const OPTIONAL = ['isActive', 'startSession', 'endSession'] as const;

const isVerifier = (value: unknown): boolean =>
  typeof value === 'function' ||
  (hasMethods(value, ['verify']) &&
    OPTIONAL.every((name) => {
      const method = (value as Record<string, unknown>)[name];
      return method === undefined || typeof method === 'function';
    }));

export const verifierRule: OptionRule = {
  must: 'a function, or an object with verify and, if given, functions isActive, startSession, endSession',
  test: isVerifier,
  required: true,
};

/** A bare function is taken as `verify`. */
export function asVerifier<C>(option: VerifierOption<C>): CredentialVerifier<C> {
  return typeof option === 'function' ? { verify: option } : option;
}

/** The verifier's part in sessions, bound to it; `undefined` where it takes none. */
export function hooksOf<C>(verifier: CredentialVerifier<C>): SessionHooks | undefined {
  const { startSession, endSession } = verifier;
  if (!startSession && !endSession) return undefined;
  return {
    ...(startSession && { startSession: startSession.bind(verifier) }),
    ...(endSession && { endSession: endSession.bind(verifier) }),
  };
}

/** What the SDK's `verifyAccessToken` answers, as far as it is read here. */
export interface TokenInfo {
  readonly token?: string;
  readonly clientId?: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: number;
  readonly resource?: URL;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The SDK's `OAuthTokenVerifier`. */
export interface TokenVerifier {
  verifyAccessToken(token: string): Promise<TokenInfo>;
}

export const isTokenVerifier = (value: unknown): value is TokenVerifier =>
  hasMethods(value, ['verifyAccessToken']) && typeof (value as { verify?: unknown }).verify !== 'function';

/** What the SDK's verifier knows of a person. A client id alone is nobody: without `sub` that is no principal. */
function principalOf(
  { extra = {}, clientId, scopes, expiresAt, token: issued }: TokenInfo,
  token: string,
): Principal {
  return {
    subject: extra.sub as string,
    token: issued ?? token,
    ...(clientId !== undefined && { clientId }),
    ...(scopes !== undefined && { scopes }),
    ...(expiresAt !== undefined && { expiresAt }),
    claims: extra,
  };
}

/** Adds the audience that the SDK's verifier found to where it is looked for. */
function withResource(principal: Principal, { resource }: TokenInfo): Principal {
  return resource === undefined
    ? principal
    : { ...principal, claims: { ...principal.claims, aud: principal.claims?.aud ?? resource.href } };
}

/**
 * The SDK's verifier as ours. Its errors are read by their OAuth code (RFC 6750 §3.1): `invalid_token` is a wrong
 * credential, `insufficient_scope` a refusal, all else an outage.
 */
export function fromTokenVerifier(
  verifier: TokenVerifier,
  toPrincipal: ((info: TokenInfo) => Awaitable<Principal | null>) | undefined,
): CredentialVerifier<BearerCredentials> {
  return {
    async verify({ token }) {
      let info: TokenInfo;
      try {
        info = await verifier.verifyAccessToken(token);
      } catch (error) {
        const code = (error as { errorCode?: unknown } | null)?.errorCode;
        if (code === 'invalid_token') return null;
        throw code === 'insufficient_scope' ? new McpGuardError('insufficient_scope') : error;
      }
      const principal = toPrincipal ? await toPrincipal(info) : principalOf(info, token);
      return principal && withResource(principal, info);
    },
  };
}
