import type { Fault } from '../finding.js';
import { isLoopback } from '../loopback.js';
import { type Check, judge, seen } from '../trial.js';
import { headersOf } from '../wire/reply.js';

const CLEAR: Fault = {
  id: 'plain-http',
  title: 'Credentials travel in the clear',
  severity: 'high',
  reason:
    'The endpoint answers over plain HTTP beyond this machine: everybody on the way reads credentials and answers.',
  standards: [
    'MCP 2025-11-25, authorization: endpoints MUST be served over HTTPS',
    'RFC 6750 §5.3',
    'OWASP ASVS 5.0, 12.2.1',
  ],
  fix: 'Serve HTTPS, and refuse what comes otherwise (mcpTlsGuard).',
};

const HSTS: Fault = {
  id: 'no-hsts',
  title: 'Browsers are not told to use HTTPS alone',
  severity: 'advice',
  reason: 'Only browsers heed Strict-Transport-Security; most MCP clients are none.',
  standards: ['RFC 6797 §7.1', 'OWASP ASVS 5.0, 3.4.1'],
  fix: 'Send Strict-Transport-Security, where browsers call the endpoint.',
};

export const transportSecurity: Check = {
  id: 'transport-security',
  title: 'Credentials travel encrypted',
  faults: [CLEAR, HSTS],
  async run(trial) {
    const { target, uninvited } = trial;
    if (target.url.protocol === 'https:') {
      const isSent = headersOf(uninvited, 'strict-transport-security').length > 0;
      judge(trial, HSTS, isSent ? [] : [{ sent: 'a request', seen: 'no Strict-Transport-Security' }]);
    } else if (isLoopback(target.url)) trial.leave('plain HTTP to this very machine');
    else judge(trial, CLEAR, [{ sent: 'a request over plain HTTP', seen: seen(uninvited) }]);
  },
};
