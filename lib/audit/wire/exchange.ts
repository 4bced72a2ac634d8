import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

import type { HeaderLines } from '../headers.js';
import type { Reply } from './reply.js';

export interface Request {
  readonly method: string;
  /** `Host` among them replaces the URL's own. */
  readonly headers: HeaderLines;
  readonly body?: string;
  readonly askedId?: string | undefined;
  /** Whether enough has been read; asked whenever something has come. Default: never, so that all is read. */
  readonly isEnough?: (reply: Reply) => boolean;
  /** Aborts what is being read; what has come until then is the reply. */
  readonly signal?: AbortSignal;
}

export interface Limits {
  /** For one request, from its connection to the end of its answer. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** No head of an answer came: the connection was refused, cut, or silent for too long. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * Sends one request over a connection of its own and reads its answer within the limits; no redirect is followed. An
 * answer whose end does not come in time, or is too long, is what has come of it.
 *
 * @throws NoAnswer
 */
export function exchange(url: URL, sent: Request, limits: Limits): Promise<Reply> {
  return new Promise((resolve, reject) => run(url, sent, limits, resolve, reject));
}

function run(
  url: URL,
  sent: Request,
  { timeoutMs, maxBytes }: Limits,
  resolve: (reply: Reply) => void,
  reject: (error: Error) => void,
): void {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const outgoing = send(url, { method: sent.method, agent: false, headers: linesOf(url, sent) as never });
  const chunks: Buffer[] = [];
  let size = 0;
  let head: Pick<Reply, 'status' | 'rawHeaders'> | undefined;

  const replyWith = ({ status, rawHeaders }: Pick<Reply, 'status' | 'rawHeaders'>): Reply => {
    const text = Buffer.concat(chunks).toString('utf8');
    return { status, rawHeaders, text, askedId: sent.askedId };
  };
  const finish = (why?: string): void => {
    clearTimeout(timer);
    sent.signal?.removeEventListener('abort', abort);
    if (head) resolve(replyWith(head));
    else reject(new NoAnswer(why));
    outgoing.destroy();
  };
  const abort = (): void => finish('it was given up');
  const timer = setTimeout(() => finish(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
  sent.signal?.addEventListener('abort', abort);

  outgoing.on('response', (response) => {
    head = { status: Number(response.statusCode), rawHeaders: response.rawHeaders };
    if (sent.isEnough?.(replyWith(head))) finish();
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes || (head && sent.isEnough?.(replyWith(head)))) finish();
    });
    response.on('close', () => finish());
  });
  // Where a name has several addresses, the error of all of them has no text.
  /* c8 ignore next -- not every machine has names with several addresses */
  outgoing.on('error', (error: NodeJS.ErrnoException) => finish(error.message || `${error.code}`));
  outgoing.end(sent.body);
}

/** To a list Node adds neither: what it would add is added here. */
function linesOf(url: URL, { headers, body }: Request): readonly string[] {
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  return [
    ...(hasHost ? [] : ['Host', url.host]),
    ...headers.flat(),
    ...(body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]),
  ];
}
