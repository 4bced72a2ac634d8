import { createHash } from 'node:crypto';

/** An event: the hash of its stream, and its entry in that stream. */
export interface EventId {
  readonly stream: string;
  readonly entry: string;
}

// 16 digits are enough for a clock until the sun goes out, and never beyond what Redis takes for a number.
const SHAPE = /^([A-Za-z0-9_-]{43})\.((?:0|[1-9]\d{0,15})-(?:0|[1-9]\d{0,15}))$/;

export function hashOf(streamId: string): string {
  return createHash('sha256').update(streamId).digest('base64url');
}

export const formatEventId = ({ stream, entry }: EventId): string => `${stream}.${entry}`;

/** `undefined` for what is no event id of ours: clients send what they like. */
export function parseEventId(text: string): EventId | undefined {
  const [, stream, entry] = SHAPE.exec(text) ?? [];
  return stream === undefined || entry === undefined ? undefined : { stream, entry };
}
