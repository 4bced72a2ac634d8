import { checkOptions, isRecord, required, rule } from '../options.js';
import type { PrincipalFilter, SessionRecord } from '../types.js';
import type { SessionRegistry } from './session-registry.js';

/** One session, or all of a subject; what is left out matches any. */
export type RevocationTarget =
  | { readonly sessionId: string }
  | (PrincipalFilter & { readonly subject: string });

/** What an operator can do with the sessions of a binding. */
export interface SessionOperations {
  /** The sessions whose principal matches; what is left out matches any. Throws `TypeError` for anything but a filter. */
  list(filter?: PrincipalFilter): Promise<readonly SessionRecord[]>;
  /** Ends sessions, closes their streams, forgets their proofs. Resolves to how many ended. Throws `TypeError` for no target. */
  revoke(target: RevocationTarget): Promise<number>;
  /** Ends every session of this process (`shutdown`), or lets go of it where the store is shared. */
  close(): Promise<void>;
}

const FILTER_RULES = { subject: rule.text, issuer: rule.text, tenant: rule.text } as const;
const OWNER_RULES = { ...FILTER_RULES, subject: required(rule.text) } as const;
const ID_RULES = { sessionId: required(rule.text) } as const;

export function operationsOn(registry: SessionRegistry): SessionOperations {
  return {
    list: async (filter = {}) => {
      checkOptions('list', filter, FILTER_RULES);
      return registry.list(filter);
    },
    revoke: async (target) => {
      checkOptions('revoke', target, isRecord(target) && 'sessionId' in target ? ID_RULES : OWNER_RULES);
      return registry.revoke(target);
    },
    close: () => registry.close(),
  };
}
