import { formatChallenge } from '../http/challenge.js';
import type { Challenge } from '../http/denial.js';

/** The challenge of a scheme that the user names. RFC 6750 §3 wants the error named after a Bearer token; others know no such parameter. */
export function schemeChallenge(name: string): Challenge {
  const build = (error?: string): string => formatChallenge(name, { realm: 'mcp', error });
  const scheme = name.toLowerCase();
  if (scheme !== 'bearer') return { scheme, plain: build() };
  return {
    scheme,
    plain: build(),
    invalid: build('invalid_token'),
    insufficientScope: build('insufficient_scope'),
  };
}
