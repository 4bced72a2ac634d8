/** How many attempts are under way for each key. A key without any takes no memory. */
export class InFlight {
  readonly #counts = new Map<string, number>();

  /** The keys of all attempts. */
  get keys(): readonly string[] {
    return [...this.#counts.keys()];
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  begin(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  end(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
