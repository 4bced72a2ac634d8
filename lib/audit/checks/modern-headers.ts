import type { Fault } from '../finding.js';
import { MODERN, opening } from '../messages.js';
import { type Check, judge, seen } from '../trial.js';
import { isServed } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'header-mismatch-served',
  title: 'A request is served whose headers say something else than its body',
  severity: 'medium',
  reason:
    'A gateway that allows, limits or logs by Mcp-Method sees one request, and the server runs another.',
  standards: [
    'MCP 2026-07-28, Streamable HTTP: a mismatch of headers and body is refused with 400 and -32020',
  ],
  fix: 'Compare the headers with the body, and refuse where they differ.',
};

export const modernHeaders: Check = {
  id: 'modern-headers',
  title: 'The headers of 2026-07-28 say what the body says',
  faults: [FAULT],
  async run(trial) {
    const { target, served: as, eras } = trial;
    if (!as || !eras.includes(MODERN)) {
      trial.leave(`${MODERN} is not served to the first credential, or nothing without one`);
      return;
    }
    const reply = await target.ask({ as, message: opening(MODERN), headers: [['Mcp-Method', 'tools/list']] });
    const sent = 'server/discover with Mcp-Method: tools/list';
    judge(trial, FAULT, isServed(reply) ? [{ sent, seen: seen(reply) }] : []);
  },
};
