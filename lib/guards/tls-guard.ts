import type { Request, RequestHandler } from 'express';

import { defineGuard } from '../guard.js';
import { isLoopback } from '../http/client-key.js';
import { checkOptions, rule } from '../options.js';

export interface TlsGuardOptions {
  /** Lets plain HTTP pass: credentials travel readable to everybody on the way. Default false. */
  readonly dangerouslyAllowHttp?: boolean;
}

/** A peer that sends one of these speaks for somebody else, whose hop is not known to be encrypted. */
const FORWARDING = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-real-ip',
  'via',
] as const;

/**
 * Refuses plain HTTP (403 `tls_required`), so that no credential travels readable. Passes what Express calls secure
 * (`req.secure`, so `trust proxy` decides whom to believe), and a loopback peer that forwards for nobody.
 * Throws `TypeError` for bad options.
 *
 * @example
 * app.set('trust proxy', 'loopback');
 * app.use('/mcp', mcpTlsGuard());
 */
export function mcpTlsGuard(options: TlsGuardOptions = {}): RequestHandler {
  checkOptions('mcpTlsGuard', options, { dangerouslyAllowHttp: rule.flag });
  const { dangerouslyAllowHttp = false } = options;

  return defineGuard('mcpTlsGuard', (request) =>
    dangerouslyAllowHttp || request.secure || isLocalCall(request) ? undefined : { code: 'tls_required' },
  );
}

/** Node drops what comes after 1000 headers, and that is where proxies write. */
const MAX_RAW_HEADERS = 2 * 1000;

function isLocalCall({ socket, headers, rawHeaders }: Request): boolean {
  return (
    isLoopback(socket.remoteAddress) &&
    rawHeaders.length < MAX_RAW_HEADERS &&
    FORWARDING.every((name) => headers[name] === undefined)
  );
}
