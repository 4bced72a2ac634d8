import { type Actor, authorizationIn } from '../actor.js';
import type { Fault } from '../finding.js';
import type { HeaderLines } from '../headers.js';
import { type Check, judge, open, seen, type Trial } from '../trial.js';
import { parseChallenges } from '../wire/challenges.js';
import { headersOf, isServed, type Reply } from '../wire/reply.js';

const FAULT: Fault = {
  id: 'query-token',
  title: 'Access tokens are taken from the URL',
  severity: 'medium',
  reason: 'URLs are kept by proxies, logs and histories; a token there is soon known to many.',
  standards: [
    'MCP 2025-11-25, authorization: access tokens MUST NOT be in the query',
    'RFC 6750 §2.3 and §5.3',
    'OWASP ASVS 5.0, 14.2.1',
  ],
  fix: 'Read tokens from Authorization alone, and refuse a request that brings access_token in its query.',
};

export const queryToken: Check = {
  id: 'query-token',
  title: 'No token is taken from the URL',
  faults: [FAULT],
  async run(trial) {
    if (trial.open.length > 0) {
      trial.leave('no credential is needed, so that a token in the URL changes nothing');
      return;
    }
    const plain = await open(trial, { as: trial.nobody });
    const made = await openWith(trial, trial.wrongToken);
    const sent = 'a request with a made-up access_token in its query, and no other credential';
    if (isServed(made)) return trial.find(FAULT, { sent, seen: seen(made) });
    const isRead = saysInvalid(made) && !saysInvalid(plain);
    judge(
      trial,
      FAULT,
      isRead ? [{ sent, seen: `${made.status} with error="invalid_token", as after a wrong token` }] : [],
    );
    return isRead ? undefined : await withOwn(trial);
  },
};

async function withOwn(trial: Trial): Promise<void> {
  const token = trial.first && bearerOf(trial.first.headers);
  if (token === undefined) return;
  if (!trial.tokenInQuery)
    return trial.leave('the given token itself was not sent in a URL: nobody asked for it');
  const reply = await openWith(trial, token);
  const sent = 'a request with the first credential’s token in its query, and no other credential';
  return judge(trial, FAULT, isServed(reply) ? [{ sent, seen: seen(reply) }] : []);
}

function openWith(trial: Trial, token: string): Promise<Reply> {
  const url = new URL(trial.target.url);
  url.searchParams.set('access_token', token);
  const as: Actor = trial.nobody;
  return open(trial, { as, url });
}

function bearerOf(headers: HeaderLines): string | undefined {
  const { scheme, value } = authorizationIn(headers);
  return scheme === 'bearer' ? value : undefined;
}

const saysInvalid = (reply: Reply): boolean =>
  headersOf(reply, 'www-authenticate')
    .flatMap((line) => parseChallenges(line) ?? [])
    .some(({ parameters }) => parameters.get('error') === 'invalid_token');
