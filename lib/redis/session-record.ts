import { isPrincipal, plainPrincipal, principalKey } from '../principal.js';
import type { SessionChanges, SessionRecord } from '../types.js';
import type { Namespace } from './session-namespace.js';

const TIMES = ['createdAt', 'lastSeenAt', 'expiresAt', 'busyUntil'] as const;

/** A session as Redis keeps it: what is secret sealed, who owns it as hashes, times in clear. */
export type StoredFields = Readonly<Record<string, string>>;

/** The fields for a record, or for what changes of it. Throws `TypeError` for a time that is not a finite number. */
export function storedFields(
  space: Namespace,
  hash: string,
  changes: Partial<SessionRecord> | SessionChanges,
): StoredFields {
  const { id, principal, initialize }: Partial<SessionRecord> = changes;
  const times: Partial<SessionRecord> = changes;
  const fields: Record<string, string> = {};
  if (id !== undefined) fields.id = space.seal('id', hash, id);
  if (principal !== undefined) {
    fields.principal = space.seal('principal', hash, plainPrincipal(principal));
    fields.owner = space.hash('owner', principalKey(principal));
    fields.subject = space.hash('subject', principal.subject);
  }
  if (initialize !== undefined) fields.initialize = space.seal('initialize', hash, initialize);
  for (const name of TIMES) {
    const time = times[name];
    if (time === undefined) continue;
    if (!Number.isFinite(time)) throw new TypeError(`a session's ${name} must be a finite number`);
    fields[name] = String(time);
  }
  return fields;
}

/** The record that a script read, or `undefined` where it does not open: then it counts as absent. */
export function openRecord(spaces: readonly Namespace[], reply: unknown): SessionRecord | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [name, hash, sealedId, sealedPrincipal, sealedInitialize, ...times] = reply;
  const space = spaces.find((known) => known.name === name);
  if (!space || typeof hash !== 'string') return undefined;
  const open = (field: 'id' | 'principal' | 'initialize', sealed: unknown): unknown =>
    typeof sealed === 'string' ? space.open(field, hash, sealed) : undefined;
  const id = open('id', sealedId);
  const principal = open('principal', sealedPrincipal);
  const initialize = open('initialize', sealedInitialize);
  const [createdAt, lastSeenAt, expiresAt, busyUntil] = times.map(timeOf);
  if (typeof id !== 'string' || !isPrincipal(principal) || initialize === undefined) return undefined;
  if (createdAt === undefined || lastSeenAt === undefined || expiresAt === undefined) return undefined;
  return {
    ...{ id, principal, createdAt, lastSeenAt, expiresAt, initialize },
    ...(busyUntil !== undefined && { busyUntil }),
  };
}

/** Those of the records that open. */
export function openRecords(spaces: readonly Namespace[], replies: unknown): SessionRecord[] {
  if (!Array.isArray(replies)) return [];
  return replies.map((reply) => openRecord(spaces, reply)).filter((record) => record !== undefined);
}

function timeOf(text: unknown): number | undefined {
  const time = typeof text === 'string' && text !== '' ? Number(text) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}
