export type {
  AuditReport,
  CheckResult,
  Era,
  Evidence,
  Fault,
  Finding,
  Outcome,
  Severity,
} from '../audit/finding.js';
export { assertGuarded, NotGuardedError } from './assert-guarded.js';
export type { AssertGuardedOptions, GuardedCredentials } from './guarded-options.js';
export type { Guarded } from './listening.js';
export { type SessionStoreContractOptions, sessionStoreContract } from './session-store-contract.js';
