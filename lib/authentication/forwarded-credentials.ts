import { holdHeaders } from '../credentials/held-headers.js';
import { isFieldValue } from '../http/forwarding.js';
import { checkOptions, isRecord, required, rule } from '../options.js';
import type { ForwardedCredentials } from '../types.js';
import { areForwardable, lowerCase, originsOf, upstreamRule } from './forwarding-options.js';

export interface ForwardedCredentialsInit {
  /** Required. The headers by name, as a client would bring them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Origins that they may be sent to: `https`, or `http` on a loopback name. Default: none. */
  readonly upstream?: readonly string[];
}

/**
 * The same as `mcpForwardedCredentials` hands over for a request, from headers that are known already: for a server over
 * stdio, whose environment holds the key. Throws `TypeError` for bad options.
 *
 * @example
 * serveStdio({ createServer, principal, credentials: forwardedCredentials({ headers: { authorization }, upstream }) });
 */
export function forwardedCredentials(init: ForwardedCredentialsInit): ForwardedCredentials {
  checkOptions('forwardedCredentials', init, {
    headers: required({ ...rule.object, must: 'an object of header names and values', test: areHeaders }),
    upstream: upstreamRule,
  });
  const { headers, upstream = [] } = init;
  const names = lowerCase(Object.keys(headers));
  return holdHeaders({
    names,
    values: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    origins: originsOf(upstream),
  });
}

const areHeaders = (value: unknown): boolean =>
  isRecord(value) && areForwardable(Object.keys(value)) && Object.values(value).every(isFieldValue);
