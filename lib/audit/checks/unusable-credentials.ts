import { basicValue, madeUp, withAuthorization } from '../actor.js';
import type { Evidence, Fault } from '../finding.js';
import { type Check, judge, open, seen } from '../trial.js';
import { isServed } from '../wire/reply.js';

const SERVED: Fault = {
  id: 'unusable-credential-served',
  title: 'A credential that cannot be read is served',
  severity: 'high',
  reason: 'Who mistypes a credential acts as somebody else, a service account say, and does not notice.',
  standards: [
    'RFC 9110 §11.6.2',
    'MCP 2025-11-25, authorization: 401 for what cannot be verified',
    'OWASP ASVS 5.0, 16.5.3',
  ],
  fix: 'Answer every Authorization that no guard can use with 401; a service account is for requests without one.',
};

const BROKEN: Fault = {
  id: 'unusable-credential-breaks-server',
  title: 'A credential that cannot be read is answered as an error of the server',
  severity: 'low',
  reason: 'What the caller did wrong ends in an exception.',
  standards: ['RFC 9110 §15.5.2', 'OWASP ASVS 5.0, 16.5.3'],
  fix: 'Check the form of a credential before it is used, and answer 401.',
};

const FORMS: readonly string[] = [
  'Basic !!!',
  'Basic',
  'Bearer',
  'Bearer audit audit',
  'basic audit',
  `Basic ${Buffer.from('audit-without-colon').toString('base64')}`,
  basicValue('', 'audit'),
];

export const unusableCredentials: Check = {
  id: 'unusable-credentials',
  title: 'A credential that cannot be read is nobody’s',
  faults: [SERVED, BROKEN],
  async run(trial) {
    const served: Evidence[] = [];
    const broken: Evidence[] = [];
    for (const form of [...FORMS, `Token ${madeUp()}`]) {
      const reply = await open(trial, { as: withAuthorization('a form', form) });
      const evidence = { sent: `Authorization: ${form.replace(/audit-[0-9a-f]+/, 'x')}`, seen: seen(reply) };
      if (isServed(reply)) served.push(evidence);
      else if (reply.status === 500) broken.push(evidence);
    }
    judge(trial, SERVED, served);
    judge(trial, BROKEN, broken);
  },
};
