import type { Evidence, Fault } from '../finding.js';
import { type Check, judge, open } from '../trial.js';
import { headersOf, type Reply } from '../wire/reply.js';

const STANDARDS = ['Fetch Standard, CORS protocol', 'OWASP ASVS 5.0, 3.4.2'];
const FIX = 'Name the origins that may call in a list, and answer with one of them or with none.';

const REFLECTED: Fault = {
  id: 'cors-reflects-origin',
  title: 'Every origin is allowed by its own name',
  severity: 'medium',
  reason:
    'Access-Control-Allow-Origin repeats what the page says of itself, so that scripts of any page may read the answers.',
  standards: STANDARDS,
  fix: FIX,
};

const WITH_CREDENTIALS: Fault = {
  id: 'cors-any-origin-with-credentials',
  title: 'Every origin is allowed, with credentials',
  severity: 'low',
  reason:
    'Browsers refuse `*` beside Access-Control-Allow-Credentials; whoever configured it meant to let every page in.',
  standards: STANDARDS,
  fix: FIX,
};

const ORIGIN = 'https://audit.invalid';

export const cors: Check = {
  id: 'cors',
  title: 'Scripts of foreign pages may not read answers',
  faults: [REFLECTED, WITH_CREDENTIALS],
  async run(trial) {
    const as = trial.served ?? trial.nobody;
    const preflight = [
      ['Origin', ORIGIN],
      ['Access-Control-Request-Method', 'POST'],
      ['Access-Control-Request-Headers', 'authorization, content-type'],
    ] as const;
    const replies: (readonly [string, Reply])[] = [
      ['a preflight', await trial.target.ask({ as: trial.nobody, method: 'OPTIONS', headers: preflight })],
      ['a request', await open(trial, { as, headers: [['Origin', ORIGIN]] })],
    ];
    const answers = (origin: string, withCredentials: boolean): readonly Evidence[] =>
      replies.flatMap(([what, reply]) =>
        allows(reply, 'origin') === origin && (!withCredentials || allows(reply, 'credentials') === 'true')
          ? [{ sent: `${what} with Origin: ${ORIGIN}`, seen: `Access-Control-Allow-Origin: ${origin}` }]
          : [],
      );
    judge(trial, REFLECTED, answers(ORIGIN, false));
    judge(trial, WITH_CREDENTIALS, answers('*', true));
  },
};

const allows = (reply: Reply, what: string): string | undefined =>
  headersOf(reply, `access-control-allow-${what}`)[0]?.trim();
