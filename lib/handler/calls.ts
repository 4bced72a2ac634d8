import { isRecord } from '../options.js';

export type RequestId = string | number;

/** The answer to one POST, as far as its calls concern it. */
export interface Answer {
  /** Ends it without a message: every call that it waits for was cancelled. */
  abandon(): void;
}

const listOf = (body: unknown): readonly unknown[] => (Array.isArray(body) ? body : [body]);

/** The ids of the JSON-RPC requests in a body. */
export function requestIds(body: unknown): RequestId[] {
  return listOf(body).flatMap((message) =>
    isRecord(message) && typeof message.method === 'string' && isId(message.id) ? [message.id] : [],
  );
}

/** The ids that a body's `notifications/cancelled` name. */
export function cancelledIds(body: unknown): RequestId[] {
  return listOf(body).flatMap((message) =>
    isRecord(message) &&
    message.method === 'notifications/cancelled' &&
    isRecord(message.params) &&
    isId(message.params.requestId)
      ? [message.params.requestId]
      : [],
  );
}

/** The id that a message answers, if it is an answer. */
export function answeredId(message: unknown): RequestId | undefined {
  return isRecord(message) && ('result' in message || 'error' in message) && isId(message.id)
    ? message.id
    : undefined;
}

function isId(id: unknown): id is RequestId {
  return typeof id === 'string' || typeof id === 'number';
}

/** The calls of one session that have no answer yet. */
export class Calls {
  readonly #running = new Map<RequestId, Answer>();
  readonly #onChange: (running: number) => void;

  constructor(onChange: (running: number) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Answers the ids that are new: a call that runs is not replaced by another with its id. */
  begin(ids: readonly RequestId[], answer: Answer): readonly RequestId[] {
    const begun = ids.filter((id) => !this.#running.has(id));
    for (const id of begun) this.#running.set(id, answer);
    if (begun.length > 0) this.#onChange(this.#running.size);
    return begun;
  }

  finish(id: RequestId): void {
    if (this.#running.delete(id)) this.#onChange(this.#running.size);
  }

  /** Takes a cancelled call out; abandons its answer when it waited for nothing else. `false` if it was not running. */
  cancel(id: RequestId): boolean {
    const answer = this.#running.get(id);
    if (!answer) return false;
    this.finish(id);
    if (![...this.#running.values()].includes(answer)) answer.abandon();
    return true;
  }
}
