import type { IncomingMessage } from 'node:http';

import { type Call, open } from './call.js';
import { until } from './gate.js';

export interface StreamEvent {
  readonly id: string | undefined;
  /** Parsed; `undefined` where there is none. */
  readonly data: unknown;
}

/** A `text/event-stream` while it comes in. */
export interface Stream {
  readonly response: IncomingMessage;
  readonly events: readonly StreamEvent[];
  /** The JSON-RPC messages so far. */
  readonly messages: readonly Message[];
  readonly text: string;
  /** Resolves when the server has ended it, or the connection is gone. */
  readonly ended: Promise<'end' | 'cut'>;
  readonly isEnded: boolean;
  /** Resolves to the first message that `matches`, past or to come. */
  message(what: string, matches: (message: Message) => boolean): Promise<Message>;
  /** Hangs up. */
  drop(): void;
}

export interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Opens a request whose answer is read as it comes. */
export async function openStream(url: URL, request: Call): Promise<Stream> {
  const response = await open(url, request);
  let text = '';
  let isEnded = false;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<'end' | 'cut'>((resolve) => {
    response.once('end', () => resolve('end'));
    response.once('close', () => resolve('cut'));
    response.once('error', () => resolve('cut'));
  });
  void ended.then(() => {
    isEnded = true;
  });
  const stream: Stream = {
    response,
    ended,
    get text() {
      return text;
    },
    get isEnded() {
      return isEnded;
    },
    get events() {
      return parseEvents(text);
    },
    get messages() {
      return stream.events.flatMap(({ data }) => (isMessage(data) ? [data] : []));
    },
    async message(what, matches) {
      await until(what, () => stream.messages.some(matches));
      return stream.messages.find(matches) as Message;
    },
    drop: () => response.destroy(),
  };
  return stream;
}

/** The events that are complete; comments are none. */
export function parseEvents(text: string): StreamEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const lines = block.split('\n');
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      // What names the endpoint of HTTP+SSE is a path, and no message.
      return { id: field('id'), data: data && field('event') !== 'endpoint' ? JSON.parse(data) : undefined };
    });
}

const isMessage = (data: unknown): data is Message =>
  typeof data === 'object' && data !== null && 'jsonrpc' in data;
