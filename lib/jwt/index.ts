export type { JwtClaims } from './claims.js';
export { type JwtVerifierOptions, jwtVerifier } from './jwt-verifier.js';
export type { JwtKeys } from './keys.js';
