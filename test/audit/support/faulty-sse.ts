import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import { type Exchange, type Has, refusal } from './faulty-exchange.js';
import { answerTo, type Rpc, writeEvents } from './faulty-messages.js';

/** HTTP+SSE of 2024-11-05: a stream that names where to POST, and answers on it. */
export function legacySseFor(has: Has): (exchange: Exchange) => void {
  const streams = new Map<string, { readonly owner: string; readonly response: ServerResponse }>();
  return ({ request, response, url, body, caller, reply }) => {
    if (request.method === 'GET') {
      const id = randomUUID();
      streams.set(id, { owner: caller.name, response });
      writeEvents(response, [`event: endpoint\ndata: /messages?sessionId=${id}\n\n`]);
      return;
    }
    const stream = streams.get(url.searchParams.get('sessionId') ?? '');
    const isForeign = stream && stream.owner !== caller.name;
    const isLetIn = has('serves a foreign SSE session') || has('takes an SSE session for a credential');
    if (!stream || (isForeign && !isLetIn)) {
      reply(isForeign && has('says that an SSE session is foreign') ? 403 : 404, refusal('no such session'));
      return;
    }
    stream.response.write(`data: ${JSON.stringify(answerTo(JSON.parse(body) as Rpc))}\n\n`);
    reply(202);
  };
}
