import { expect } from 'chai';

import { type Call, call, initialize, type Reply, toolCall } from '../../support/call.js';
import { openStream, type Stream } from '../../support/stream.js';

/** Begins a session; resolves to its id. */
export async function begin(url: URL, authorization: string, headers: Call['headers'] = {}): Promise<string> {
  const {
    status,
    headers: answered,
    text,
  } = await call(url, {
    headers: { authorization, ...headers },
    body: initialize(),
  });
  expect(status, text).to.equal(200);
  return String(answered['mcp-session-id']);
}

/** Headers of a request on a session. */
export const on = (
  authorization: string,
  session: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => ({ authorization, 'mcp-session-id': session, ...more });

/** Calls a tool on a session. */
export function use(
  url: URL,
  authorization: string,
  session: string,
  body: object = toolCall('whoami'),
): Promise<Reply> {
  return call(url, { headers: on(authorization, session), body });
}

export function end(url: URL, authorization: string, session: string): Promise<Reply> {
  return call(url, { method: 'DELETE', headers: on(authorization, session) });
}

/** Opens the listening stream (GET) of a session. */
export function hear(
  url: URL,
  authorization: string,
  session: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Stream> {
  return openStream(url, { method: 'GET', headers: on(authorization, session, more) });
}

/** Posts a call and hands over its answer as the stream that it is. */
export function post(url: URL, authorization: string, session: string, body: object): Promise<Stream> {
  return openStream(url, { headers: on(authorization, session), body });
}
