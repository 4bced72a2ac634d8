import type { AuthInfo } from '../types.js';

/*
 * What both generations of the MCP SDK have in common, as far as it is used here. Written down once more, so that an
 * app needs only the generation that it serves with: neither its code nor its types load the other.
 */

/** An MCP server of either generation: `McpServer`, or the low-level `Server`. */
export interface ConnectableServer {
  connect(transport: object): Promise<void>;
  close(): Promise<void>;
}

/** The SDK's `EventStore`: keeps what streams have sent, so that a client that lost one can resume it. */
export interface EventStore {
  /** Keeps `message`; resolves to the id of the event. */
  storeEvent(streamId: string, message: object): Promise<string>;
  /** Resolves to the stream that an event belongs to. */
  getStreamIdForEventId?(eventId: string): Promise<string | undefined>;
  /** Sends what came after an event; resolves to its stream. */
  replayEventsAfter(
    lastEventId: string,
    sender: { send(eventId: string, message: object): Promise<void> },
  ): Promise<string>;
}

export interface SdkTransportOptions {
  readonly sessionIdGenerator?: () => string;
  readonly enableJsonResponse: boolean;
  readonly eventStore?: EventStore;
  readonly keepAliveMs?: number;
}

/** What the transport tells the server about a message; `request` is what the second generation shows tools. */
export interface MessageExtra {
  readonly authInfo?: AuthInfo;
  readonly request?: Request;
}

/** The SDK's `WebStandardStreamableHTTPServerTransport`. */
export interface SdkTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: object, extra?: MessageExtra) => void;
  send(message: object, options?: object): Promise<void>;
  handleRequest(
    request: Request,
    options: { readonly parsedBody: unknown; readonly authInfo: AuthInfo | undefined },
  ): Promise<Response>;
}

export type SdkTransportClass = new (options: SdkTransportOptions) => SdkTransport;
