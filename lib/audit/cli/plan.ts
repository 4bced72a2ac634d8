import { basicIn } from '../actor.js';
import type { AuditPlan } from '../audit.js';
import { allChecks } from '../checks/index.js';
import type { HeaderLines } from '../headers.js';
import { headerOf } from '../headers.js';
import { isLoopback } from '../loopback.js';
import type { Check } from '../trial.js';
import { count, type Typed } from './options.js';
import { credentialFrom, headerFrom, secretIn } from './secret.js';
import { UsageError } from './usage-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const GUESSES = 20;
const MOST_GUESSES = 1000;
const SECONDS = 10;
const MOST_SECONDS = 600;
const WEB: readonly string[] = ['http:', 'https:'];

/**
 * What a command line and its environment ask for.
 *
 * @throws UsageError
 */
export function planFrom(values: Typed, words: readonly string[], env: Environment): AuditPlan {
  const [address, ...more] = words;
  if (address === undefined || more.length > 0) throw new UsageError('audit takes one URL');
  const confirmed = values['confirm-host'];
  const first = credentialFrom('', {
    user: values.user ?? env.MCP_AUDIT_USER,
    bearer: values.bearer ?? env.MCP_AUDIT_BEARER,
    headers: values.credential ?? given(env.MCP_AUDIT_CREDENTIAL),
  });
  const second = credentialFrom('second-', {
    user: values['second-user'] ?? env.MCP_AUDIT_SECOND_USER,
    bearer: values['second-bearer'] ?? env.MCP_AUDIT_SECOND_BEARER,
    headers: values['second-credential'] ?? given(env.MCP_AUDIT_SECOND_CREDENTIAL),
  });
  assertTwoPeople(first, second);
  const sse = values['legacy-sse'];
  return {
    url: urlFrom('the URL', address, confirmed),
    headers: fixedHeaders(values.header ?? given(env.MCP_AUDIT_HEADER)),
    first,
    second,
    timeoutMs: count('timeout', values.timeout, SECONDS, MOST_SECONDS) * 1000,
    checks: chosen(values.only, values.skip),
    guesses: guessesFrom(values),
    tokenInQuery: values['token-in-query'] ?? false,
    legacySse: sse === undefined ? undefined : urlFrom('--legacy-sse', sse, confirmed),
  };
}

const given = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

function fixedHeaders(values: readonly string[]): HeaderLines {
  const lines = values.map((value) => headerFrom('--header', secretIn('--header', value)));
  if (headerOf(lines, 'authorization') !== undefined)
    throw new UsageError(
      '--header goes along with every request, also those without a credential: give Authorization with --credential',
    );
  return lines;
}

function urlFrom(what: string, text: string, confirmed: readonly string[] | undefined): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !WEB.includes(url.protocol))
    throw new UsageError(`${what} must begin with http:// or https://`);
  if (url.username || url.password)
    throw new UsageError(`${what} must hold no credential: give it with --user`);
  if (!isLoopback(url) && !confirmed?.includes(url.hostname))
    throw new UsageError(
      `${url.hostname} is not this machine: attack it only if you may, with --confirm-host ${url.hostname}`,
    );
  url.hash = '';
  return url;
}

function guessesFrom(values: Typed): AuditPlan['guesses'] {
  if (values['brute-force']) {
    const number = Math.ceil(count('guesses', values.guesses, GUESSES, MOST_GUESSES));
    return { count: number, account: values.account };
  }
  if (values.guesses !== undefined || values.account !== undefined)
    throw new UsageError('--guesses and --account go with --brute-force');
  return undefined;
}

function chosen(only: readonly string[] = [], skip: readonly string[] = []): readonly Check[] {
  const unknown = [...only, ...skip].find((name) => allChecks.every(({ id }) => id !== name));
  if (unknown !== undefined) throw new UsageError('--only and --skip take the names that --list shows');
  const checks = allChecks.filter(({ id }) => (only.length === 0 || only.includes(id)) && !skip.includes(id));
  if (checks.length === 0) throw new UsageError('no check is left');
  return checks;
}

/** A second credential of the same person would make a fault of what is right. */
function assertTwoPeople(first: HeaderLines | undefined, second: HeaderLines | undefined): void {
  if (!second) return;
  if (!first) throw new UsageError('a second credential needs a first');
  const isSame = JSON.stringify(first) === JSON.stringify(second);
  const user = basicIn(first)?.username;
  if (isSame || (user !== undefined && user === basicIn(second)?.username))
    throw new UsageError('the second credential must be of another person');
}
