import type { Socket } from 'node:net';

/** What happens to the bytes of one direction. */
export type Rule =
  | { readonly kind: 'pass' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'discard' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: 'cut'; readonly afterBytes: number };

interface Chunk {
  readonly bytes: Buffer;
  readonly at: number;
}

/** One direction of a connection: what comes from one socket goes to the other as the rule of the moment says. */
export class FaultFlow {
  readonly #to: Socket;
  readonly #rule: () => Rule;
  readonly #cut: () => void;
  readonly #chunks: Chunk[] = [];
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, rule: () => Rule, cut: () => void) {
    this.#to = to;
    this.#rule = rule;
    this.#cut = cut;
    from.on('data', (bytes: Buffer) => {
      this.#chunks.push({ bytes, at: performance.now() });
      if (!this.#timer) this.#pump();
    });
    from.once('end', () => {
      this.#hasEnded = true;
      if (!this.#timer) this.#pump();
    });
  }

  /** The rule is another one now. */
  ruleChanged(): void {
    this.stop();
    this.#pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pump(): void {
    while (this.#chunks[0]) {
      const [{ bytes, at }] = this.#chunks as [Chunk];
      const rule = this.#rule();
      if (rule.kind === 'hold') return;
      if (rule.kind === 'delay') {
        const left = at + rule.ms - performance.now();
        if (left > 0) {
          this.#later(left);
          return;
        }
      }
      if (rule.kind === 'trickle') {
        this.#to.write(bytes.subarray(0, rule.bytes));
        this.#chunks.shift();
        if (bytes.length > rule.bytes) this.#chunks.unshift({ bytes: bytes.subarray(rule.bytes), at });
        this.#later(rule.everyMs);
        return;
      }
      this.#chunks.shift();
      if (rule.kind === 'cut') {
        // At least its last byte is missing.
        this.#to.write(bytes.subarray(0, Math.min(rule.afterBytes, bytes.length - 1)), () => this.#cut());
        this.#chunks.length = 0;
        return;
      }
      if (rule.kind !== 'discard') this.#to.write(bytes);
    }
    // An end overtakes nothing, and is no news where nothing gets through.
    if (this.#hasEnded && this.#rule().kind !== 'hold') this.#to.end();
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, ms);
  }
}
