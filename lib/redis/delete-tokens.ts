import { randomUUID } from 'node:crypto';

/** As long as Redis keeps what removed a session. */
const MEMORY_MS = 600_000;
const MAX_SESSIONS = 10_000;
const MAX_TOKENS = 8;

interface Owing {
  readonly tokens: readonly string[];
  readonly until: number;
}

/**
 * What the deletions are called that got no answer: a later one of the same session takes their place, and learns
 * whether it was they who removed it. Bounded: of those owing longest ago the answer is lost, as if their process were.
 */
export class DeleteTokens {
  /** The one that owes longest is first. */
  readonly #owing = new Map<string, Owing>();

  /** What a deletion of `id` is to be called. Nobody else is given the same until it is kept again. */
  take(id: string): { readonly tokens: readonly string[]; readonly isRetry: boolean } {
    const owing = this.#owing.get(id);
    this.#owing.delete(id);
    const isRetry = owing !== undefined && owing.until > Date.now();
    return { tokens: isRetry ? owing.tokens : [randomUUID()], isRetry };
  }

  /** Keeps the tokens of a deletion that got no answer. */
  keep(id: string, tokens: readonly string[]): void {
    const others = this.#owing.get(id)?.tokens ?? [];
    this.#owing.delete(id);
    this.#owing.set(id, {
      tokens: [...others, ...tokens].slice(0, MAX_TOKENS),
      until: Date.now() + MEMORY_MS,
    });
    const [oldest] = this.#owing.keys();
    if (this.#owing.size > MAX_SESSIONS && oldest !== undefined) this.#owing.delete(oldest);
  }
}
