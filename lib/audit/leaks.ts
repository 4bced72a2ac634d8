import { headersOf, mediaTypeOf, type Reply } from './wire/reply.js';

/** What an answer gives away, and where that shows. */
export interface Leak {
  readonly kind: 'stack' | 'path' | 'database' | 'page' | 'product';
  readonly text: string;
}

// The text is whatever an endpoint cares to send: each of these is done with it in a time that grows with its length alone.
const STACK =
  /(?:^|\n|<br>|\\n)(?:&nbsp;|[ \t]){0,40}at [^\n<]{1,200}:\d+:\d+|Traceback \(most recent call last\)|(?:^|\n)[ \t]{1,40}at [\w.$]{1,200}\([\w.]{1,100}:\d+\)/;
const PATH =
  /\/(?:home|Users|usr|opt|srv|var|root|app|work|tmp)\/[\w.@-]{1,100}\/[\w./@-]+|node_modules\/[\w./@-]+|\b[A-Z]:\\\\?[\w.-]{1,100}\\\\?[\w.\\-]+/;
const DATABASE =
  /SQLITE_[A-Z]+|SQLSTATE|ORA-\d{5}|\bER_[A-Z_]{4,}|syntax error at or near|duplicate key value|relation "[^"]{1,200}" does not exist|Prisma(?:Client)?\w{0,40}Error|Mongo(?:Server|Network)?Error|password authentication failed|\bE(?:CONNREFUSED|NOTFOUND|HOSTUNREACH)\b/;

/** What a refusal gives away of what is behind it. */
export function leaksOf(reply: Reply): readonly Leak[] {
  const leaks: Leak[] = [];
  const isError = reply.status >= 400;
  const add = (kind: Leak['kind'], pattern: RegExp): void => {
    const text = pattern.exec(reply.text)?.[0];
    if (isError && text !== undefined) leaks.push({ kind, text: text.trim() });
  };
  add('stack', STACK);
  add('path', PATH);
  add('database', DATABASE);
  if (isError && mediaTypeOf(reply) === 'text/html') leaks.push({ kind: 'page', text: 'text/html' });
  const [product] = headersOf(reply, 'x-powered-by');
  if (product !== undefined) leaks.push({ kind: 'product', text: `X-Powered-By: ${product}` });
  return leaks;
}
