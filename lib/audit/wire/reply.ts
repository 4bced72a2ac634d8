import { parseEvents, type StreamEvent } from './event-stream.js';

/** What came back for one request, as far as it was read. */
export interface Reply {
  readonly status: number;
  /** As Node's `rawHeaders`: name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** The JSON-RPC id of the request that was sent; `undefined` where it had none. */
  readonly askedId: string | undefined;
}

/** A JSON-RPC message, as far as anything here looks at one. */
export interface RpcMessage {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

/** All values of a header, in order; `name` in lower case. */
export function headersOf({ rawHeaders }: Pick<Reply, 'rawHeaders'>, name: string): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

/** The media type, in lower case and without parameters. */
export function mediaTypeOf(reply: Pick<Reply, 'rawHeaders'>): string {
  const [value = ''] = headersOf(reply, 'content-type');
  const [type = ''] = value.split(';');
  return type.trim().toLowerCase();
}

export const isEventStream = (reply: Pick<Reply, 'rawHeaders'>): boolean =>
  mediaTypeOf(reply) === 'text/event-stream';

export const isOk = ({ status }: Pick<Reply, 'status'>): boolean => status >= 200 && status < 300;

/** Whether a limiter or an outage answered: nothing follows from such an answer. */
export const isHeldUp = ({ status }: Pick<Reply, 'status'>): boolean => status === 429 || status === 503;

export function eventsOf(reply: Reply): readonly StreamEvent[] {
  return isEventStream(reply) ? parseEvents(reply.text) : [];
}

/** The JSON-RPC messages of an answer, in JSON or as events. */
export function messagesOf(reply: Reply): readonly RpcMessage[] {
  const texts = isEventStream(reply) ? eventsOf(reply).map(({ data }) => data) : [reply.text];
  return texts.flatMap((text) => {
    const value = parsed(text);
    return (Array.isArray(value) ? value : [value]).filter(isMessage);
  });
}

/** The result of the request that was sent, where the endpoint has served it: a 2xx with a JSON-RPC result of its id. */
export function resultOf(reply: Reply): unknown {
  if (!isOk(reply) || reply.askedId === undefined) return undefined;
  return messagesOf(reply).find(({ id, result }) => id === reply.askedId && result !== undefined)?.result;
}

export const isServed = (reply: Reply): boolean => resultOf(reply) !== undefined;

/** Whether a stream of events has been opened. */
export const isStreaming = (reply: Reply): boolean => isOk(reply) && isEventStream(reply);

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is RpcMessage {
  return typeof value === 'object' && value !== null && 'jsonrpc' in value;
}
