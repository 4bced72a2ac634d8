import type { RequestHandler } from 'express';

import { defineGuard } from '../guard.js';
import { headerValues } from '../http/headers.js';
import { hostMatcher, loopbackHosts, originMatcher } from '../http/host.js';
import { checkOptions, rule } from '../options.js';

export interface OriginGuardOptions {
  /** Names (any port) or `name:port` that this server answers to. Default: loopback names. */
  readonly allowedHosts?: readonly string[];
  /** Exact origins of web pages that may call. Default: pages on `allowedHosts`. */
  readonly allowedOrigins?: readonly string[];
}

/**
 * Refuses requests whose `Host` or `Origin` is not ours (403 `forbidden_origin`), against DNS rebinding and foreign web
 * pages (MCP 2025-11-25, transports: servers MUST validate `Origin`). A request without `Origin` comes from no web
 * page and passes. Throws `TypeError` for bad options.
 *
 * @example
 * app.use('/mcp', mcpOriginGuard({ allowedHosts: ['wiki.example.com'] }));
 */
export function mcpOriginGuard(options: OriginGuardOptions = {}): RequestHandler {
  checkOptions('mcpOriginGuard', options, { allowedHosts: rule.texts, allowedOrigins: rule.texts });
  const { allowedHosts = loopbackHosts, allowedOrigins } = options;
  const isOurHost = hostMatcher(allowedHosts);
  const isOurOrigin = originMatcher(allowedOrigins, allowedHosts);

  return defineGuard('mcpOriginGuard', ({ rawHeaders }) =>
    isOurHost(headerValues(rawHeaders, 'host')) && isOurOrigin(headerValues(rawHeaders, 'origin'))
      ? undefined
      : { code: 'forbidden_origin' },
  );
}
