import { expect } from 'chai';

import { type Call, call, initialize, type Reply, toolCall } from './call.js';
import { type Message, openStream, parseEvents, type Stream } from './stream.js';

/** One session over raw HTTP, with fixed headers. */
export interface Session {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  /** POSTs one message, or a batch, and reads the answer to its end. */
  send(message: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** POSTs one message and reads the answer as it comes. */
  stream(message: unknown): Promise<Stream>;
  /** Calls a tool; resolves to the text of its result. */
  tool(name: string, args?: object, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** Opens the GET stream. */
  listen(headers?: Readonly<Record<string, string>>): Promise<Stream>;
  delete(): Promise<Reply>;
}

export const LATEST = '2025-11-25';

/** Sends `initialize` and `notifications/initialized`. */
export async function begin(
  url: URL,
  credentials: Readonly<Record<string, string>>,
  protocolVersion: string = LATEST,
): Promise<Session> {
  const message = initialize(0) as { params: object };
  const body = { ...message, params: { ...message.params, protocolVersion } };
  const reply = await call(url, { headers: credentials, body });
  expect(reply.status, reply.text).to.equal(200);
  const session = resume(url, credentials, String(reply.headers['mcp-session-id']), protocolVersion);
  const { status } = await session.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  expect(status).to.equal(202);
  return session;
}

/** Goes on with a session under an id, whoever's it is. */
export function resume(
  url: URL,
  credentials: Readonly<Record<string, string>>,
  id: string,
  protocolVersion: string = LATEST,
): Session {
  const headers = { ...credentials, 'mcp-session-id': id, 'mcp-protocol-version': protocolVersion };
  const request = (method: string, more: Readonly<Record<string, string>> = {}, body?: unknown): Call => ({
    method,
    headers: { ...headers, ...more },
    ...(body !== undefined && { body }),
  });
  let calls = 1;
  const session: Session = {
    id,
    headers,
    send: (message, more) => call(url, request('POST', more, message)),
    stream: (message) => openStream(url, request('POST', {}, message)),
    async tool(name, args = {}, more = {}) {
      calls += 1;
      const reply = await session.send(toolCall(name, args, calls), more);
      expect(reply.status, reply.text).to.equal(200);
      return textOf(reply);
    },
    listen: (more) => openStream(url, request('GET', more)),
    delete: () => call(url, request('DELETE')),
  };
  return session;
}

/** The JSON-RPC messages of an answer, in JSON or as events. */
export function messagesOf({ json, text }: Reply): readonly Message[] {
  if (json !== undefined) return [json].flat() as Message[];
  return parseEvents(text).flatMap(({ data }) => (data === undefined ? [] : [data as Message]));
}

/** The text of a tool's result. */
export function textOf(reply: Reply): string {
  const answer = messagesOf(reply).find(({ result, error }) => result ?? error);
  const [first] = (answer?.result?.content ?? []) as { readonly text?: string }[];
  return first?.text ?? JSON.stringify(answer);
}
