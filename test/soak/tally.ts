/** So many different things that must not happen are kept. */
const MOST = 20;

/** What the callers were answered, and what must not have been. */
export class Tally {
  readonly answers: Record<string, number> = {};
  readonly #unexpected = new Map<string, number>();
  /** While guards are mounted anew, they may say so. */
  isRemounting = false;

  count(what: string, answer: number | string): void {
    const key = `${what}: ${answer}`;
    this.answers[key] = (this.answers[key] ?? 0) + 1;
  }

  /** Notes an answer, which must be one of `expected`. */
  expect(what: string, status: number, ...expected: readonly number[]): void {
    this.count(what, status);
    if (expected.includes(status) || (status === 503 && this.isRemounting)) return;
    this.fault(`${what} was answered ${status}`);
  }

  fault(what: string): void {
    const count = this.#unexpected.get(what);
    if (count !== undefined || this.#unexpected.size < MOST) this.#unexpected.set(what, (count ?? 0) + 1);
  }

  get faults(): string[] {
    return [...this.#unexpected].map(([what, count]) => (count === 1 ? what : `${what}, ${count} times`));
  }
}
