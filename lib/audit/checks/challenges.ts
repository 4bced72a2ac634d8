import { withAuthorization } from '../actor.js';
import type { Fault } from '../finding.js';
import { type Check, judge, open, type Trial } from '../trial.js';
import { type Challenge, parseChallenges } from '../wire/challenges.js';
import { headersOf, isHeldUp, isServed, type Reply } from '../wire/reply.js';

const fault = (
  id: string,
  title: string,
  reason: string,
  fix: string,
  ...standards: readonly string[]
): Fault => ({
  ...{ id, title, severity: 'low', reason, fix, standards },
});

const STATUS = fault(
  'refusal-status',
  'A missing or wrong credential is not answered 401',
  'Clients ask for a credential, or for another one, after a 401 and after nothing else.',
  'Answer 401 where a credential is missing or wrong.',
  'RFC 9110 §15.5.2',
  'MCP 2025-11-25, authorization, error handling',
);
const MISSING = fault(
  'challenge-missing',
  'A 401 does not say what it asks for',
  'Without WWW-Authenticate a client cannot know which credential to present.',
  'Send a challenge for every scheme that you accept with each 401.',
  'RFC 9110 §15.5.2: a 401 MUST carry WWW-Authenticate',
);
const MALFORMED = fault(
  'challenge-malformed',
  'A challenge does not follow its grammar',
  'Clients that read it as the standard says read something else, or nothing.',
  'Quote every value, put commas between parameters, name the realm, and give a Bearer challenge a parameter.',
  'RFC 9110 §11.6.1',
  'RFC 6750 §3',
  'RFC 7617 §2',
);
const EAGER = fault(
  'challenge-error-without-credentials',
  'A caller without a credential is told of an error in it',
  'Clients take the token that they have not sent for wrong, and may throw away a good one.',
  'Leave `error` out of the challenge where no credential came.',
  'RFC 6750 §3.1',
);
const SILENT = fault(
  'challenge-without-invalid-token',
  'A wrong Bearer token is refused without saying so',
  'Clients cannot tell a wrong token from a missing one, and do not fetch another.',
  'Add error="invalid_token" to the Bearer challenge after a wrong token.',
  'RFC 6750 §3.1',
);

export const challenges: Check = {
  id: 'challenges',
  title: 'A 401 says what it asks for',
  faults: [STATUS, MISSING, MALFORMED, EAGER, SILENT],
  async run(trial) {
    if (trial.open.length > 0) return trial.leave('no credential is needed, so nothing is asked for');
    await judgeRefusal(trial, 'a request with no credential', trial.uninvited, (list) => {
      const isEager = list.some(({ parameters }) => parameters.has('error'));
      judge(
        trial,
        EAGER,
        isEager ? [{ sent: 'a request with no credential', seen: 'a challenge with error' }] : [],
      );
    });
    const sent = 'a request with a made-up Bearer token';
    const wrong = await open(trial, {
      as: withAuthorization('a made-up token', `Bearer ${trial.wrongToken}`),
    });
    return judgeRefusal(trial, sent, wrong, (list) => {
      const bearer = list.filter(({ scheme }) => scheme === 'bearer');
      const isSilent =
        bearer.length > 0 && bearer.every(({ parameters }) => parameters.get('error') !== 'invalid_token');
      judge(
        trial,
        SILENT,
        isSilent ? [{ sent, seen: 'a Bearer challenge without error="invalid_token"' }] : [],
      );
    });
  },
};

async function judgeRefusal(
  trial: Trial,
  sent: string,
  reply: Reply,
  then: (challenges: readonly Challenge[]) => void,
): Promise<void> {
  if (isServed(reply) || isHeldUp(reply))
    return trial.leave(`${sent}: it was not refused for its credential`);
  if (reply.status !== 401) return trial.find(STATUS, { sent, seen: String(reply.status) });
  const lines = headersOf(reply, 'www-authenticate');
  judge(trial, MISSING, lines.length === 0 ? [{ sent, seen: '401 without WWW-Authenticate' }] : []);
  const bad = lines.filter((line) => !isWellFormed(parseChallenges(line)));
  judge(
    trial,
    MALFORMED,
    bad.map((line) => ({ sent, seen: trial.show(`WWW-Authenticate: ${line}`) })),
  );
  return then(lines.flatMap((line) => parseChallenges(line) ?? []));
}

function isWellFormed(list: readonly Challenge[] | undefined): boolean {
  return (
    list?.every(({ scheme, parameters }) => {
      if (scheme === 'basic') return parameters.has('realm');
      return scheme !== 'bearer' || parameters.size > 0;
    }) === true
  );
}
