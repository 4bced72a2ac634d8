import type { IncomingMessage, ServerResponse } from 'node:http';

import type { FaultName } from './faults.js';

/** Whose request it is: a name, or nobody that any fault has let in. */
export interface Caller {
  readonly name: string;
  readonly isProven: boolean;
}

export type Has = (fault: FaultName) => boolean;

/** One request with its body read; `reply` answers it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: string;
  readonly caller: Caller;
  header(name: string): string | undefined;
  reply(status: number, body?: unknown, headers?: Record<string, string | string[]>): void;
}

export const refusal = (message: string): object => ({
  jsonrpc: '2.0',
  error: { code: -32000, message },
  id: null,
});
