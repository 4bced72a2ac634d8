import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { checkOptions, type OptionRule } from '../options.js';
import {
  DEFAULT_PARAMETERS,
  formatHash,
  isAffordable,
  memoryOf,
  parseHash,
  type ScryptParameters,
} from './phc.js';
import { hashesAtOnce, takingTurns } from './turns.js';

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const inTurn = takingTurns(hashesAtOnce(availableParallelism(), process.env.UV_THREADPOOL_SIZE));

const cost: OptionRule = { must: 'an integer', test: Number.isInteger };
const PARAMETER_RULES: Readonly<Record<keyof ScryptParameters, OptionRule>> = { ln: cost, r: cost, p: cost };

/** `parameters` over the defaults. Throws `TypeError` where they are not numbers or not affordable. */
export function resolveParameters(
  owner: string,
  parameters: Partial<ScryptParameters> = {},
): ScryptParameters {
  checkOptions(owner, parameters, PARAMETER_RULES);
  const { ln = DEFAULT_PARAMETERS.ln, r = DEFAULT_PARAMETERS.r, p = DEFAULT_PARAMETERS.p } = parameters;
  if (!isAffordable({ ln, r, p })) {
    throw new TypeError(
      `${owner}: "ln" must be 10 to 18, "r" 1 to 32, "p" 1 to 16; together 256 MiB and 2^23 blocks`,
    );
  }
  return { ln, r, p };
}

/** RFC 8265 §4.2.2: composed and decomposed accents are the same password. */
function derive(
  password: string,
  salt: Buffer,
  length: number,
  { ln, r, p }: ScryptParameters,
): Promise<Buffer> {
  const options = { N: 2 ** ln, r, p, maxmem: memoryOf({ ln, r, p }) };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, length, options, (error, hash) =>
      /* c8 ignore next -- what scrypt refuses, it refuses before it runs */
      error ? reject(error) : resolve(hash),
    );
  });
}

/**
 * Hashes a password with scrypt (RFC 7914) under a random salt, into a PHC string: `$scrypt$ln=15,r=8,p=3$salt$hash`.
 * The password is taken in Unicode form NFC. `parameters`: the cost, where the defaults do not fit.
 * Rejects with `TypeError` for a password that is empty, not well-formed Unicode or contains NUL, and for parameters
 * out of bounds.
 */
export async function hashPassword(
  password: string,
  parameters?: Partial<ScryptParameters>,
): Promise<string> {
  const chosen = resolveParameters('hashPassword', parameters);
  if (typeof password !== 'string' || password === '' || /[\0\p{Surrogate}]/u.test(password)) {
    throw new TypeError('hashPassword: the password must be non-empty, well-formed text without NUL');
  }
  const salt = randomBytes(SALT_BYTES);
  const hash = await inTurn(() => derive(password, salt, HASH_BYTES, chosen));
  return formatHash({ parameters: chosen, salt, hash });
}

/**
 * Whether `password` is the one behind `hash`, a PHC string as `hashPassword` makes it; compared in constant time.
 * Rejects, without a run of scrypt, where the hash is malformed, truncated or too costly: that is a fault of the
 * store, not a wrong password.
 */
export function verifyPassword(password: string, hash: string): Promise<boolean> {
  return matches(password, hash, undefined);
}

/** `verifyPassword`, which rejects with the reason of `signal`, without a run of scrypt, once that is aborted. */
export async function matches(
  password: string,
  hash: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const stored = typeof hash === 'string' ? parseHash(hash) : undefined;
  if (!stored) throw new Error('verifyPassword: the stored hash is not a scrypt PHC string within bounds');
  const presented = await inTurn(() => {
    signal?.throwIfAborted();
    return derive(password, stored.salt, stored.hash.length, stored.parameters);
  });
  // HMAC pads its key with NULs (RFC 2104 §2): without this, `a` and `a\0` would be one password.
  return timingSafeEqual(presented, stored.hash) && !password.includes('\0');
}

/** A hash that no password has, and that costs as much to verify as one with `parameters`. */
export function unmatchableHash(parameters: ScryptParameters): string {
  return formatHash({ parameters, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) });
}
