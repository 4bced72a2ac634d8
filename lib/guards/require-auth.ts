import type { RequestHandler } from 'express';

import { lastGate } from '../authentication/last-gate.js';
import { defineGuard } from '../guard.js';

/**
 * The last gate alone, for a handler of your own: a request that no authentication guard has let pass is 401.
 *
 * @example
 * app.use('/mcp', mcpBearerAuth({ verifier }), mcpRequireAuth(), myHandler);
 */
export function mcpRequireAuth(): RequestHandler {
  return defineGuard('mcpRequireAuth', (request, _response, state) => lastGate(request, state));
}
