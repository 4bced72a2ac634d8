import {
  type LoginStore,
  MemoryLoginStore,
  MemorySessionStore,
  type SessionStore,
} from '../../../lib/index.js';
import type { NodeSetting } from '../node-setting.js';

export interface Stores {
  readonly sessions: { readonly store: SessionStore };
  readonly logins: { readonly store: LoginStore };
  release(): void;
}

export function openStores(_setting: NodeSetting): Stores {
  return {
    sessions: { store: new MemorySessionStore() },
    logins: { store: new MemoryLoginStore() },
    release: () => {},
  };
}
