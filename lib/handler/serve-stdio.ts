import type { Awaitable } from '../types.js';
import type { CreateServerContext } from './create-server.js';
import type { ConnectableServer } from './sdk.js';
import { type MessageSource, type StdioOptions, type StdioServing, stdioCaller } from './stdio.js';

export interface ServeStdioOptions extends StdioOptions {
  /** Required. The same as for `mcpHandler`; `sessionId` is `undefined`. */
  readonly createServer: (context: CreateServerContext) => Awaitable<ConnectableServer>;
}

/**
 * Serves one client over standard input and output with the `createServer` of an HTTP endpoint, as the principal that
 * the environment names: `currentPrincipal()`, `extra.authInfo` and `credentials` are there as they are over HTTP.
 * Resolves when it serves. Throws `TypeError` for bad options, and what `createServer` throws.
 *
 * @example
 * await serveStdio({ createServer, principal: { subject: userInfo().username } });
 */
export async function serveStdio(options: ServeStdioOptions): Promise<StdioServing> {
  const { order, act, receives, end } = stdioCaller(options);
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
  const server = await act(async () => options.createServer(order));
  const transport = receives(new StdioServerTransport() as MessageSource);
  const { stdin, stdout } = process;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      stdin.off('end', hangUp).off('close', hangUp);
      end();
      await server.close();
    })();
    return closing;
  };
  // The client is gone (MCP, stdio: a server ends when its input does). A late write must not end the process.
  const hangUp = (): void => void close().catch((error: unknown) => options.onError?.(error));
  stdin.once('end', hangUp).once('close', hangUp);
  stdout.on('error', hangUp);
  if (options.onError) Object.assign(transport, { onerror: options.onError });
  await act(() => server.connect(transport));
  return { close };
}
