import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { Router } from 'express';

import { buildServer } from '../../support/mcp.js';

/** HTTP+SSE as the SDK's examples wire it. */
export function bareSse(): Router {
  const transports = new Map<string, SSEServerTransport>();
  const router = Router();
  router.get('/sse', async (_, response) => {
    const transport = new SSEServerTransport('/messages', response);
    transports.set(transport.sessionId, transport);
    await buildServer({ subject: 'anybody' }).connect(transport);
  });
  router.post('/messages', async (request, response) => {
    const transport = transports.get(String(request.query.sessionId));
    if (transport) await transport.handlePostMessage(request, response);
    else response.status(404).end();
  });
  return router;
}
