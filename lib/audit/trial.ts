import type { Actor } from './actor.js';
import type { Evidence, Fault } from './finding.js';
import { initialize, initialized, opening, ping } from './messages.js';
import type { Survey } from './survey.js';
import type { Target } from './target.js';
import { headersOf, isServed, type Reply } from './wire/reply.js';

/** What an audit may do beyond what is always done. */
export interface Consent {
  /** Guess, so many times, at a made-up account, or at this one. */
  readonly guesses: { readonly count: number; readonly account: string | undefined } | undefined;
  /** Send the first credential's token in a URL, where logs keep it. */
  readonly tokenInQuery: boolean;
  /** The HTTP+SSE endpoint (MCP 2024-11-05) beside the audited one. */
  readonly legacySse: URL | undefined;
}

/** What a check works with. */
export interface Trial extends Survey, Consent {
  readonly target: Target;
  /** Presents nothing. */
  readonly nobody: Actor;
  readonly first: Actor | undefined;
  readonly second: Actor | undefined;
  /** A Bearer token that nobody has given out: one for all checks, since limiters count those that differ. */
  readonly wrongToken: string;
  /** Shows what an endpoint said, without secrets. */
  readonly show: (text: string) => string;
  /** Reports a fault that the evidence proves. */
  find(fault: Fault, ...evidence: readonly Evidence[]): void;
  /** Says what was not looked for, and why. */
  leave(why: string): void;
  /** Says that something was looked for and is as it should be. */
  hold(): void;
}

/** One kind of attack: the faults that it can find, and how it looks for them. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly faults: readonly Fault[];
  run(trial: Trial): Promise<void>;
}

/** Reports `fault` with the evidence that there is, or says that there is none. */
export function judge(trial: Trial, fault: Fault, evidence: readonly Evidence[]): void {
  if (evidence.length > 0) trial.find(fault, ...evidence);
  else trial.hold();
}

export interface Session {
  readonly id: string;
  readonly owner: Actor;
}

/** Begins a session; `undefined` where none with an id comes of it. */
export async function begin({ target }: Trial, owner: Actor): Promise<Session | undefined> {
  const reply = await target.ask({ as: owner, message: initialize() });
  const [id] = headersOf(reply, 'mcp-session-id');
  if (!isServed(reply) || id === undefined) return undefined;
  await target.ask({ as: owner, message: initialized(), session: id });
  return { id, owner };
}

/** The session that a check is about; says so where there can be none. */
export async function sessionFor(trial: Trial): Promise<Session | undefined> {
  if (!trial.served) trial.leave('no credential was given, and nothing is served without one');
  else if (!trial.hasSessions) trial.leave('the endpoint gives out no session ids');
  else {
    const session = await begin(trial, trial.served);
    if (!session) trial.leave('no further session could be begun');
    return session;
  }
  return undefined;
}

/** Whether a session serves its owner. */
export async function isAlive({ target }: Trial, { id, owner }: Session): Promise<boolean> {
  return isServed(await target.ask({ as: owner, message: ping(), session: id }));
}

/** Sends what a client sends first, in the endpoint's era. */
export function open(
  { target, eras }: Trial,
  ask: Omit<Parameters<Target['ask']>[0], 'message'>,
): Promise<Reply> {
  return target.ask({ ...ask, message: opening(eras[0] ?? '2025-11-25') });
}

/** What came back, in a few words. */
export function seen(reply: Reply): string {
  if (isServed(reply)) return `${reply.status} with a JSON-RPC result`;
  const [type = 'no content type'] = headersOf(reply, 'content-type');
  return `${reply.status}, ${type.split(';')[0]}`;
}
