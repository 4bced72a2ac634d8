import type { Evidence, Fault } from '../finding.js';
import { type Leak, leaksOf } from '../leaks.js';
import { type Provocation, provocationsOf } from '../provocations.js';
import { type Check, judge, type Trial } from '../trial.js';
import { NoAnswer } from '../wire/exchange.js';
import { isOk, type Reply } from '../wire/reply.js';

const STANDARD = 'OWASP ASVS 5.0, 16.5.1';

const leak = (
  id: string,
  severity: Fault['severity'],
  what: string,
  fix: string,
  ...more: string[]
): Fault => ({
  id,
  title: `Answers give away ${what}`,
  severity,
  reason: 'What a server tells of itself in its refusals saves an attacker the search for what fits.',
  standards: [...more, STANDARD],
  fix,
});

const HANDLER = 'Mount an error handler that answers with a fixed text, and keep the error for your log.';

const FAULTS: Readonly<Record<Leak['kind'], Fault>> = {
  stack: leak('leak-stack-trace', 'medium', 'stack traces', HANDLER, 'OWASP ASVS 5.0, 13.4.2'),
  path: leak('leak-file-path', 'low', 'paths of files', HANDLER),
  database: leak('leak-database-text', 'medium', 'errors of the database or its driver', HANDLER),
  page: leak('leak-error-page', 'low', 'the framework’s error page', `${HANDLER} An MCP client reads JSON.`),
  product: leak(
    'leak-product',
    'low',
    'what they are made with',
    "app.disable('x-powered-by')",
    'OWASP ASVS 5.0, 13.4.6',
  ),
};

const BROKEN: Fault = {
  id: 'malformed-breaks-server',
  title: 'A malformed request is answered as an error of the server',
  severity: 'low',
  reason:
    'What the caller did wrong ends in an exception: what an attacker sends reaches code that does not expect it.',
  standards: ['RFC 9110 §15.5.1', 'OWASP ASVS 5.0, 16.5.3'],
  fix: 'Check the form of a request before it is used, and answer 400.',
};

export const errorLeaks: Check = {
  id: 'error-leaks',
  title: 'Refusals tell nothing of what is behind them',
  faults: [...Object.values(FAULTS), BROKEN],
  async run(trial) {
    const leaks = new Map<Leak['kind'], Evidence[]>(
      Object.keys(FAULTS).map((kind) => [kind as Leak['kind'], []] as const),
    );
    const broken: Evidence[] = [];
    const actors = trial.first ? [trial.nobody, trial.first] : [trial.nobody];
    for (const provocation of actors.flatMap((as) => provocationsOf(as, trial.target.url))) {
      const sent = `${provocation.what}, with ${provocation.ask.as.name}`;
      const reply = await provoke(trial, provocation);
      if (!reply) continue;
      for (const { kind, text } of leaksOf(reply)) leaks.get(kind)?.push({ sent, seen: trial.show(text) });
      if (reply.status >= 500 && reply.status !== 503 && !isOk(reply))
        broken.push({ sent, seen: String(reply.status) });
    }
    for (const [kind, evidence] of leaks) judge(trial, FAULTS[kind], evidence);
    judge(trial, BROKEN, broken);
  },
};

/** To cut the connection is an answer, too. */
async function provoke(trial: Trial, { what, ask }: Provocation): Promise<Reply | undefined> {
  try {
    return await trial.target.ask(ask);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    trial.leave(`${what}: ${error.message}`);
    return undefined;
  }
}
