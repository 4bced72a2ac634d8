import type { Evidence, Fault } from '../finding.js';
import { type Check, judge, open, seen } from '../trial.js';
import { isHeldUp, isServed } from '../wire/reply.js';

const SECURITY = 'MCP 2025-11-25, transports, security warning';

const SERVED: Fault = {
  id: 'foreign-origin-served',
  title: 'Requests of any web page are served',
  severity: 'medium',
  reason:
    'A page that a person happens to open can talk to the endpoint through that person’s browser (DNS rebinding).',
  standards: [`${SECURITY}: servers MUST validate Origin`, 'OWASP ASVS 5.0, 3.5.2'],
  fix: 'Refuse every Origin that is not on a list of your own with 403 (mcpOriginGuard).',
};

const STATUS: Fault = {
  id: 'foreign-origin-status',
  title: 'A foreign Origin is refused, but not with 403',
  severity: 'low',
  reason: 'Clients and monitors tell this refusal from others by its status.',
  standards: [`${SECURITY}: an invalid Origin MUST be answered 403`],
  fix: 'Answer 403.',
};

const ORIGINS = ['https://audit.invalid', 'null'];

export const origin: Check = {
  id: 'origin',
  title: 'A foreign Origin is refused',
  faults: [SERVED, STATUS],
  async run(trial) {
    const { served: as } = trial;
    if (!as) {
      trial.leave('no credential was given, and without one everything is refused');
      return;
    }
    const served: Evidence[] = [];
    const odd: Evidence[] = [];
    for (const value of ORIGINS) {
      const reply = await open(trial, { as, headers: [['Origin', value]] });
      const evidence = { sent: `a request with Origin: ${value}`, seen: seen(reply) };
      if (isServed(reply)) served.push(evidence);
      else if (isHeldUp(reply)) trial.leave(`Origin ${value}: the request was held up`);
      else if (reply.status !== 403) odd.push(evidence);
    }
    judge(trial, SERVED, served);
    judge(trial, STATUS, odd);
  },
};
