// Stores of a user's own.
import {
  type LoginBudget,
  type LoginKeys,
  type LoginReservation,
  type LoginStore,
  mcpLoginLimiter,
  mcpSessionBinding,
  type PrincipalFilter,
  type SessionEndReason,
  type SessionLimits,
  type SessionRecord,
  type SessionStore,
} from 'express-mcp-guards';

class Sessions implements SessionStore {
  readonly shared = true;
  readonly #records = new Map<string, SessionRecord>();

  create(record: SessionRecord, { maxSessions, onLimit, busy }: SessionLimits) {
    if (this.#records.size >= maxSessions || (onLimit === 'refuse' && busy.length > 0)) return 'limit';
    this.#records.set(record.id, record);
    return { evicted: [] };
  }

  async get(id: string) {
    return this.#records.get(id);
  }

  update(id: string, changes: Partial<Pick<SessionRecord, 'lastSeenAt' | 'principal'>>): void {
    const record = this.#records.get(id);
    if (record) this.#records.set(id, { ...record, ...changes });
  }

  async delete(id: string, reason: SessionEndReason): Promise<boolean> {
    return reason !== 'shutdown' && this.#records.delete(id);
  }

  list({ subject }: PrincipalFilter) {
    return [...this.#records.values()].filter(({ principal }) => principal.subject === subject);
  }

  onDeleted(listener: (id: string, reason: SessionEndReason) => void) {
    const timer = setInterval(() => listener('id', 'revoked'), 1000);
    return () => clearInterval(timer);
  }
}

const logins: LoginStore = {
  async reserve(keys: LoginKeys, { points, durationSeconds }: LoginBudget): Promise<LoginReservation> {
    if (keys.ip === undefined) return { status: 'busy', key: 'ip' };
    if (points === 0) return { status: 'full', retryAfterSeconds: durationSeconds };
    return { status: 'reserved', keys, id: '1' };
  },
  settle({ id }, outcome) {
    console.log(id, outcome satisfies 'failed' | 'proven' | 'released');
  },
};

export const guards = [mcpSessionBinding({ store: new Sessions() }), mcpLoginLimiter({ store: logins })];
