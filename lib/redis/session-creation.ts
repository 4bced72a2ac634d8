import { randomUUID } from 'node:crypto';

import { principalKey } from '../principal.js';
import type { SessionLimits, SessionRecord, SessionStore } from '../types.js';
import { NotSent, type OnLate } from './connection.js';
import type { SessionNews } from './session-news.js';
import { openRecord, openRecords, storedFields } from './session-record.js';
import { CREATE, UNDO } from './session-scripts/create.js';
import type { SessionSteps } from './session-steps.js';
import { Undoing } from './undoing.js';

type Outcome = Awaited<ReturnType<SessionStore['create']>>;

/** Creates sessions, and takes back those whose callers were told that it failed. */
export class SessionCreation {
  readonly #steps: SessionSteps;
  readonly #news: SessionNews;
  readonly #undoing = new Undoing();

  constructor(steps: SessionSteps, news: SessionNews) {
    this.#steps = steps;
    this.#news = news;
  }

  async create(record: SessionRecord, limits: SessionLimits): Promise<Outcome> {
    const { maxSessions, maxSessionsPerPrincipal, onLimit, busy } = limits;
    const { spaces } = this.#steps;
    const [newest] = spaces;
    const owner = principalKey(record.principal);
    const token = randomUUID();
    const input = {
      spaces: this.#steps.under(record.id, (space) => ({ owner: space.hash('owner', owner) })),
      fields: storedFields(newest, newest.hash('session', record.id), record),
      token,
      limits: { total: maxSessions, own: maxSessionsPerPrincipal, evicts: onLimit === 'evict-idle' },
      busy: busy.flatMap((id) => this.#steps.named(id).map(({ ns, hash }) => `${ns}:${hash}`)),
      ...this.#news.sender,
    };
    const reply = await this.#steps.run(CREATE, input).catch((error: unknown) => {
      if (!(error instanceof NotSent)) this.#undo(record.id, token);
      throw error;
    });
    const [isKept, victim] = reply as readonly unknown[];
    if (!isKept) return 'limit';
    const evicted = openRecord(spaces, victim);
    return evicted ? { evicted: [evicted.id], evictedRecords: [evicted] } : { evicted: [] };
  }

  /**
   * What the answer to a creation would have been does not matter, nor whether it is still to come: its client sends it before
   * this, or it comes upon the fence that this leaves. Whom it evicted, this node hears of as the others did.
   */
  #undo(id: string, token: string): void {
    const [space] = this.#steps.named(id);
    const tell = (reply: unknown): void => {
      for (const record of openRecords(this.#steps.spaces, reply)) this.#news.tell(record.id, 'evicted');
    };
    this.#undoing.start(async (onDone) => {
      const onLate: OnLate = (reply) => {
        tell(reply);
        onDone();
      };
      tell(await this.#steps.run(UNDO, { space, token }, onLate));
    });
  }
}
