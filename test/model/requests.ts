import { initialize, toolCall } from '../support/call.js';
import type { Seen } from '../support/mcp.js';
import type { Credential } from './people.js';
import type { Verb } from './promised.js';
import type { Answer } from './wire.js';

const BODIES: Readonly<Partial<Record<Verb, string>>> = {
  initialize: JSON.stringify(initialize()),
  whoami: JSON.stringify(toolCall('whoami')),
};
/** Visible, and of no shape that is minted here. */
export const MALFORMED = 'constructor';

/** One call, as it travels. */
export function requestText(verb: Verb, { header }: Credential, session: string | undefined): string {
  const body = BODIES[verb];
  const lines = [
    `${body === undefined ? verb : 'POST'} /mcp HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    'Accept: application/json, text/event-stream',
    ...(header === undefined ? [] : [`Authorization: ${header}`]),
    ...(session === undefined ? [] : [`Mcp-Session-Id: ${session === 'malformed' ? MALFORMED : session}`]),
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** Whom the tool says that it ran as; several names where its sources differ. */
export function whomOf({ text }: Answer): string | undefined {
  const { result } = JSON.parse(text) as { result?: { content?: { text: string }[] } };
  const said = result?.content?.[0]?.text;
  if (said === undefined) return undefined;
  const { created, current, subject } = JSON.parse(said) as Seen;
  return [...new Set([created, current, subject])].join(' and ');
}

/** `error.data.code` of a refusal. */
export function codeOf({ text }: Answer): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { data?: { code?: string } } }).error?.data?.code;
  } catch {
    return undefined;
  }
}
