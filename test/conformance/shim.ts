import { type IncomingMessage, request, type ServerResponse } from 'node:http';

/**
 * Passes every request on to `target` with these headers besides its own, and the answer back, both as they come: the
 * suite cannot present a credential. `Host` and `Origin` stay what the client sent.
 */
export function shim(target: URL, headers: () => Readonly<Record<string, string>>) {
  return (incoming: IncomingMessage, response: ServerResponse): void => {
    const outgoing = request({
      host: target.hostname,
      port: target.port,
      path: incoming.url,
      method: incoming.method,
      agent: false,
      setHost: false,
      headers: [...incoming.rawHeaders, ...Object.entries(headers()).flat()],
    });
    outgoing.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.flushHeaders();
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    outgoing.once('error', () => response.destroy());
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
}
