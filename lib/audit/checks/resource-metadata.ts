import type { Fault } from '../finding.js';
import { type Check, judge } from '../trial.js';
import { parseChallenges } from '../wire/challenges.js';
import { headersOf, isOk, parsed } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'resource-metadata-unreachable',
  title: 'The metadata that a challenge names is not there',
  severity: 'low',
  reason: 'Clients look there for the authorization server; they cannot log anybody in.',
  standards: ['RFC 9728 §3.2 and §5.1', 'MCP 2025-11-25, authorization: protected resource metadata'],
  fix: 'Serve the metadata as JSON, with `resource`, without a credential, at the URL that the challenge names.',
};

export const resourceMetadata: Check = {
  id: 'resource-metadata',
  title: 'The metadata that a challenge names can be read',
  faults: [FAULT],
  async run(trial) {
    const { target, nobody, uninvited } = trial;
    const named = headersOf(uninvited, 'www-authenticate')
      .flatMap((line) => parseChallenges(line) ?? [])
      .map(({ parameters }) => parameters.get('resource_metadata'))
      .find((value) => value !== undefined);
    if (named === undefined) return trial.leave('no challenge names any');
    const url = URL.canParse(named) ? new URL(named) : undefined;
    if (url && url.origin !== target.url.origin)
      return trial.leave('it is on another origin, where nothing is sent');
    const sent = 'GET of the URL in resource_metadata, with no credential';
    if (!url) return trial.find(FAULT, { sent, seen: 'it is no URL' });
    const reply = await target.ask({
      as: nobody,
      method: 'GET',
      url,
      headers: [['Accept', 'application/json']],
    });
    const metadata = parsed(reply.text) as { readonly resource?: unknown } | null | undefined;
    const isThere = isOk(reply) && typeof metadata?.resource === 'string';
    return judge(trial, FAULT, isThere ? [] : [{ sent, seen: `${reply.status}, and no metadata` }]);
  },
};
