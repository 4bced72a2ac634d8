import { isForwardable, parseUpstream } from '../http/forwarding.js';
import { isToken } from '../http/token.js';
import { checkOptions, type OptionRule, required, rule } from '../options.js';
import { proofCacheRule } from './proof-cache-option.js';
import { verifierRule } from './verifier.js';

const OWNER = 'mcpForwardedCredentials';
const MIN_SECRET_BYTES = 32;

export const lowerCase = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
const areNames = (value: unknown): value is string[] =>
  rule.texts.test(value) && new Set(lowerCase(value as string[])).size === (value as string[]).length;

/** Whether these are different header names that may go to an upstream. */
export const areForwardable = (value: unknown): boolean => areNames(value) && value.every(isForwardable);

const namesRule: OptionRule = {
  must: 'an array of different header names, none of them of the connection, of the message, of MCP, or cookie',
  test: areForwardable,
};
/** Of what `upstreamRule` has let pass. */
export const originsOf = (upstream: readonly string[]): ReadonlySet<string> =>
  new Set(upstream.map((text) => new URL(text).origin));

export const upstreamRule: OptionRule = {
  must: 'an array of origins such as "https://api.example.com" (http only on a loopback name)',
  test: (value) =>
    rule.texts.test(value) && (value as string[]).every((text) => parseUpstream(text) !== undefined),
};
const secretRule: OptionRule = {
  must: `a string or bytes, at least ${MIN_SECRET_BYTES} bytes long`,
  test: (value) =>
    (typeof value === 'string' || value instanceof Uint8Array) &&
    Buffer.from(value).length >= MIN_SECRET_BYTES,
};
const schemeRule: OptionRule = {
  must: 'an authentication scheme',
  test: (value) => typeof value === 'string' && isToken(value),
};

interface ForwardingOptions {
  readonly headers: readonly string[];
  readonly required?: readonly string[];
  readonly identify?: unknown;
  readonly secret?: unknown;
  readonly timeoutMs?: number;
  readonly maxConcurrent?: number;
}

/** Each option by itself, then together: what has no meaning beside another is a mistake. Throws `TypeError`. */
export function checkForwarding(options: ForwardingOptions): void {
  checkOptions(OWNER, options, {
    headers: required(namesRule),
    required: namesRule,
    identify: { ...verifierRule, required: false },
    upstream: upstreamRule,
    secret: secretRule,
    scheme: schemeRule,
    proofCache: proofCacheRule,
    timeoutMs: rule.milliseconds,
    maxConcurrent: rule.count,
  });
  const taken = new Set(lowerCase(options.headers));
  if (!lowerCase(options.required ?? []).every((name) => taken.has(name)))
    refuse('required', 'name some of "headers"');
  if (options.identify !== undefined) {
    if (options.secret !== undefined) refuse('secret', 'not come with "identify", which says who it is');
    return;
  }
  for (const name of ['timeoutMs', 'maxConcurrent'] as const) {
    if (options[name] !== undefined) refuse(name, 'come with "identify": without it nothing is waited for');
  }
}

function refuse(name: string, must: string): never {
  throw new TypeError(`${OWNER}: option "${name}" must ${must}`);
}
