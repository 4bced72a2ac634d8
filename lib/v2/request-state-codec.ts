import {
  createRequestStateCodec as createUnbound,
  type RequestStateCodec,
  type RequestStateCodecOptions,
} from '@modelcontextprotocol/server';

import { principalKey } from '../principal.js';
import { currentPrincipal } from '../sessions/principal-context.js';

/**
 * The SDK's `createRequestStateCodec`, whose state is bound to the principal it was minted for: it comes back through
 * the client (MCP 2026-07-28, multi round-trip requests), and what comes back from anybody else is refused. A `bind` of
 * yours is added to that. Throws what the SDK throws (`RangeError` for a key under 32 bytes).
 *
 * @example
 * const state = createRequestStateCodec<{ step: number }>({ key });
 * new McpServer(info, { requestState: { verify: state.verify } });
 */
export function createRequestStateCodec<T = unknown>(
  options: RequestStateCodecOptions,
): RequestStateCodec<T> {
  const { bind } = options;
  return createUnbound<T>({
    ...options,
    bind: (context) => {
      const principal = currentPrincipal();
      if (!principal) throw new Error('createRequestStateCodec: no principal to bind the state to');
      return JSON.stringify([principalKey(principal), bind ? bind(context) : null]);
    },
  });
}
