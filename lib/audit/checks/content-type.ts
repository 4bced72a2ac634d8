import type { Fault } from '../finding.js';
import { type Check, judge, open, seen } from '../trial.js';
import { isServed } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'plain-text-served',
  title: 'A message that is no JSON by its type is served',
  severity: 'low',
  reason:
    'Web pages may send text/plain anywhere without asking first (no preflight), application/json they may not.',
  standards: ['RFC 9110 §15.5.16', 'OWASP ASVS 5.0, 3.5.2'],
  fix: 'Answer everything but application/json with 415.',
};

export const contentType: Check = {
  id: 'content-type',
  title: 'Only application/json is read',
  faults: [FAULT],
  async run(trial) {
    const { served: as } = trial;
    if (!as) {
      trial.leave('no credential was given, and without one everything is refused');
      return;
    }
    // Where no credential is needed, there is nothing else that would make a browser ask.
    const fault: Fault = trial.open.length > 0 ? { ...FAULT, severity: 'medium' } : FAULT;
    const reply = await open(trial, { as, headers: [['Content-Type', 'text/plain']] });
    judge(trial, fault, isServed(reply) ? [{ sent: 'a message as text/plain', seen: seen(reply) }] : []);
  },
};
