import type { RequestHandler } from 'express';

import type { CredentialVerifier, LoginStore, SessionStore } from '../../lib/index.js';

/** A defence that is taken out, to see that somebody notices. */
export interface Sabotage {
  readonly sessions?: (store: SessionStore) => SessionStore;
  readonly logins?: (store: LoginStore) => LoginStore;
  readonly verifier?: (verifier: CredentialVerifier<never>) => CredentialVerifier<never>;
  readonly beforeBinding?: (records: SessionStore) => RequestHandler;
}
