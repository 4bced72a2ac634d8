import {
  type CredentialVerifier,
  MemorySessionStore,
  type Principal,
  type SessionEndReason,
  type SessionLimits,
  type SessionRecord,
} from '../../lib/index.js';
import type { BasicCredentials } from '../../lib/types.js';

/** What a session's beginning and end have done, in order. */
export interface Trace {
  readonly steps: string[];
  readonly store: MemorySessionStore;
  readonly verifier: Required<Pick<CredentialVerifier<BasicCredentials>, 'startSession' | 'endSession'>>;
  /** Whom `endSession` was called with. */
  readonly ended: Principal[];
}

type StepName = 'create' | 'start' | 'update' | 'delete' | 'end';

/** A store and a verifier that note what is asked of them; `on` runs in a step, and may fail it. */
export function trace(on: Partial<Record<StepName, () => unknown>> = {}): Trace {
  const steps: string[] = [];
  const ended: Principal[] = [];

  class Store extends MemorySessionStore {
    override create(record: SessionRecord, limits: SessionLimits): never {
      steps.push('create');
      const outcome = on.create?.();
      if (outcome instanceof Promise) return outcome.then(() => super.create(record, limits)) as never;
      return (outcome ?? super.create(record, limits)) as never;
    }
    override update(id: string, changes: Partial<SessionRecord>): never {
      if (!changes.principal) return super.update(id, changes) as never;
      steps.push('update');
      const outcome = on.update?.();
      if (outcome instanceof Promise) return outcome.then(() => super.update(id, changes)) as never;
      return super.update(id, changes) as never;
    }
    override delete(id: string, reason?: SessionEndReason): boolean {
      // Evictions within `create` name no reason.
      if (reason !== undefined) {
        steps.push(`delete ${reason}`);
        on.delete?.();
      }
      return super.delete(id, reason);
    }
  }

  return {
    steps,
    ended,
    store: new Store(),
    verifier: {
      async startSession(principal) {
        steps.push('start');
        const outcome = on.start ? await on.start() : { ...principal, token: 'issued' };
        return outcome as Principal;
      },
      async endSession(principal, { reason }) {
        steps.push(`end ${reason}`);
        ended.push(principal);
        await on.end?.();
      },
    },
  };
}
