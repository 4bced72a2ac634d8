export { type PasswordUser, type PasswordVerifierOptions, passwordVerifier } from './password-verifier.js';
export type { ScryptParameters } from './phc.js';
export { hashPassword, verifyPassword } from './scrypt.js';
