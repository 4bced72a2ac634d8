/** The cost of one scrypt run (RFC 7914 §2), in the names of the PHC string. */
export interface ScryptParameters {
  /** log2 of N, the CPU and memory cost: 10 to 18. */
  readonly ln: number;
  /** Block size: 1 to 32. */
  readonly r: number;
  /** Parallelization: 1 to 16. */
  readonly p: number;
}

/** A stored password hash. */
export interface PasswordHash {
  readonly parameters: ScryptParameters;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/**
 * One of the settings OWASP gives as equally strong: 32 MiB per run, so that three at once need 96 MiB, where the
 * setting with the least CPU (ln=17, p=1) needs 384 MiB.
 */
export const DEFAULT_PARAMETERS: ScryptParameters = { ln: 15, r: 8, p: 3 };

const BOUNDS = { ln: [10, 18], r: [1, 32], p: [1, 16] } as const;
const MAX_MEMORY_BYTES = 2 ** 28;
const MAX_BLOCKS = 2 ** 23;
const SALT_BYTES = [8, 64] as const;
const HASH_BYTES = [16, 64] as const;

// PHC string format: decimals without leading zeros, base64 without padding.
const PHC =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{1,96})\$([A-Za-z0-9+/]{1,96})$/;

const isWithin = (value: number, [min, max]: readonly [number, number]): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

/** Bytes of memory one run takes. */
export const memoryOf = ({ ln, r, p }: ScryptParameters): number => 128 * r * (2 ** ln + p + 2);

/** Whether a server can afford to run these: each within its bounds, 256 MiB and 2^23 blocks together. */
export function isAffordable(parameters: ScryptParameters): boolean {
  const { ln, r, p } = parameters;
  return (
    isWithin(ln, BOUNDS.ln) &&
    isWithin(r, BOUNDS.r) &&
    isWithin(p, BOUNDS.p) &&
    128 * r * 2 ** ln <= MAX_MEMORY_BYTES &&
    2 ** ln * r * p <= MAX_BLOCKS
  );
}

const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return encode(bytes) === text ? bytes : undefined;
}

/** `$scrypt$ln=15,r=8,p=3$salt$hash`. */
export function formatHash({ parameters: { ln, r, p }, salt, hash }: PasswordHash): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${encode(salt)}$${encode(hash)}`;
}

/** The parts of a PHC string, or `undefined` where it is malformed, truncated or not affordable. */
export function parseHash(text: string): PasswordHash | undefined {
  const [, ln, r, p, encodedSalt = '', encodedHash = ''] = PHC.exec(text) ?? [];
  const parameters = { ln: Number(ln), r: Number(r), p: Number(p) };
  const salt = decode(encodedSalt);
  const hash = decode(encodedHash);
  return salt &&
    hash &&
    isWithin(salt.length, SALT_BYTES) &&
    isWithin(hash.length, HASH_BYTES) &&
    isAffordable(parameters)
    ? { parameters, salt, hash }
    : undefined;
}
