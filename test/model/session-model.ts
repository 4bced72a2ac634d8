import { LIMITS } from './place.js';

export interface StreamModel {
  readonly subject: string;
  readonly diesAt: number;
  recheckAt: number;
  failedRechecks: number;
  isClosed: boolean;
}

export interface SessionModel {
  readonly id: string;
  readonly owner: string;
  readonly expiresAt: number;
  lastSeen: number;
  confirmedAt: number;
  /** The credentials that its owner has used in it; the last four. */
  proofs: readonly string[];
  stream: StreamModel | undefined;
  isOver: boolean;
}

const MAX_PROOFS = 4;
const TICK_MS = 250;
const RECHECK_MS = LIMITS.recheckSeconds * 1000;

/** The sessions as they are promised. */
export class SessionsModel {
  readonly all: SessionModel[] = [];

  live(id: string | undefined): SessionModel | undefined {
    return this.all.find((session) => session.id === id && !session.isOver);
  }

  begin(id: string, owner: string, credential: string, now: number): void {
    const expiresAt = now + LIMITS.absoluteSeconds * 1000;
    this.all.push({
      id,
      owner,
      expiresAt,
      lastSeen: now,
      confirmedAt: now,
      proofs: [credential],
      stream: undefined,
      isOver: false,
    });
  }

  use(session: SessionModel, credential: string, now: number): void {
    session.lastSeen = now;
    session.proofs = [...session.proofs.filter((other) => other !== credential), credential].slice(
      -MAX_PROOFS,
    );
  }

  listen(session: SessionModel, diesAt: number, now: number): void {
    const { owner: subject } = session;
    session.stream = { subject, diesAt, recheckAt: now + RECHECK_MS, failedRechecks: 0, isClosed: false };
  }

  end(session: SessionModel): void {
    session.isOver = true;
    if (session.stream) session.stream.isClosed = true;
  }

  endOwned(owner: string): void {
    for (const session of this.all) if (session.owner === owner && !session.isOver) this.end(session);
  }

  hangUp(session: SessionModel, now: number): void {
    if (!session.stream || session.stream.isClosed) return;
    session.stream.isClosed = true;
    session.lastSeen = now;
  }

  isBusy({ stream }: SessionModel): boolean {
    return stream !== undefined && !stream.isClosed;
  }

  /** What ends by itself between two moments, a quarter of a second after the other. */
  pass(from: number, to: number, isDown: boolean, isActive: (subject: string) => boolean): void {
    for (let now = from + TICK_MS; now <= to; now += TICK_MS) {
      for (const session of this.all) {
        const isIdle = !this.isBusy(session) && now - session.lastSeen >= LIMITS.idleSeconds * 1000;
        if (!session.isOver && (now >= session.expiresAt || isIdle)) this.end(session);
      }
      for (const session of this.all) {
        if (session.stream && !session.stream.isClosed)
          this.#recheck(session, session.stream, now, isDown, isActive);
      }
    }
  }

  #recheck(
    session: SessionModel,
    stream: StreamModel,
    now: number,
    isDown: boolean,
    isActive: (subject: string) => boolean,
  ): void {
    if (now >= stream.diesAt) this.hangUp(session, now);
    else if (now >= stream.recheckAt) {
      stream.recheckAt = now + RECHECK_MS;
      if (isDown) stream.failedRechecks += 1;
      else if (!isActive(stream.subject)) this.endOwned(stream.subject);
      else stream.failedRechecks = 0;
      if (stream.failedRechecks > 1) this.hangUp(session, now);
    }
  }
}
