import { randomUUID } from 'node:crypto';

export interface Note {
  readonly id: string;
  readonly text: string;
  /** Another one after each change. */
  readonly version: number;
}

type Listener = (owner: string, id: string) => void;

/** The notes of each person, in memory. Whoever writes, by whichever way, the listeners learn of it. */
export class Notes {
  readonly #byOwner = new Map<string, Map<string, Note>>();
  readonly #listeners = new Set<Listener>();

  onChange(listener: Listener): void {
    this.#listeners.add(listener);
  }

  list(owner: string): readonly Note[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])];
  }

  find(owner: string, id: string): Note | undefined {
    return this.#byOwner.get(owner)?.get(id);
  }

  /** Writes a new note, or another text into one that there is; `undefined` where there is none of that id. */
  write(owner: string, text: string, id?: string): Note | undefined {
    const notes = this.#byOwner.get(owner) ?? new Map<string, Note>();
    const before = id === undefined ? undefined : notes.get(id);
    if (id !== undefined && !before) return undefined;
    const note = { id: id ?? randomUUID(), text, version: (before?.version ?? 0) + 1 };
    this.#byOwner.set(owner, notes.set(note.id, note));
    this.#tell(owner, note.id);
    return note;
  }

  /** `false` where there is no such note, or not in that version. */
  delete(owner: string, id: string, version: number): boolean {
    if (this.find(owner, id)?.version !== version) return false;
    this.#byOwner.get(owner)?.delete(id);
    this.#tell(owner, id);
    return true;
  }

  #tell(owner: string, id: string): void {
    for (const listener of this.#listeners) listener(owner, id);
  }
}
