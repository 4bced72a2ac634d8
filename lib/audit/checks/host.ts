import type { Fault } from '../finding.js';
import { isLoopback } from '../loopback.js';
import { type Check, judge, open, seen } from '../trial.js';
import { isServed } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'foreign-host-served',
  title: 'Requests for any host name are served',
  severity: 'medium',
  reason:
    'A web page whose name resolves to this address is, to a browser, of the same origin as the endpoint (DNS rebinding): it reads the answers.',
  standards: ['MCP 2025-11-25, transports, security warning: DNS rebinding', 'RFC 9110 §7.2'],
  fix: 'Answer to your own host names alone (mcpOriginGuard({ allowedHosts })).',
};

const HOST = 'audit.invalid';

export const host: Check = {
  id: 'host',
  title: 'A foreign Host is refused',
  faults: [FAULT],
  async run(trial) {
    const { served: as, target } = trial;
    if (!as) {
      trial.leave('no credential was given, and without one everything is refused');
      return;
    }
    const reply = await open(trial, { as, headers: [['Host', HOST]] });
    // What everybody can reach by its own name, nobody needs to rebind.
    const fault: Fault = isLoopback(target.url) ? FAULT : { ...FAULT, severity: 'advice' };
    judge(trial, fault, isServed(reply) ? [{ sent: `a request with Host: ${HOST}`, seen: seen(reply) }] : []);
  },
};
