import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** 96 bits name a secret, and tell nothing of it. */
const NAME_CHARACTERS = 16;

/** What is named by a hash, so that no hash of one kind is one of another. */
export type Hashed = 'session' | 'owner' | 'subject';

/** What is sealed, so that no value of one field opens as another. */
export type Sealed = 'id' | 'principal' | 'initialize';

/** What one secret keeps apart: names that only its holder can make, and values that only its holder can open. */
export class Namespace {
  /** How it is called in the names of keys. */
  readonly name: string;
  readonly #hashing: KeyObject;
  readonly #sealing: KeyObject;

  constructor(secret: string) {
    this.#hashing = derive(secret, 'hash');
    this.#sealing = derive(secret, 'seal');
    this.name = this.#hmac(this.#hashing, ['namespace']).toString('base64url').slice(0, NAME_CHARACTERS);
  }

  hash(kind: Hashed, text: string): string {
    return this.#hmac(this.#hashing, [kind, text]).toString('base64url');
  }

  /** Seals a value of the session `hash`, as JSON. */
  seal(field: Sealed, hash: string, value: unknown): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(hash), nonce);
    cipher.setAAD(Buffer.from(JSON.stringify([field, hash])));
    const sealed = [nonce, cipher.update(JSON.stringify(value) ?? 'null'), cipher.final()];
    return Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** What was sealed for this field of this session, or `undefined`: it was changed, or sealed for another. */
  open(field: Sealed, hash: string, sealed: string): unknown {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const key = this.#keyOf(hash);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(JSON.stringify([field, hash])));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8'));
    } catch {
      return undefined;
    }
  }

  /** A key for each session: random nonces under one key for all would run out after some 2^32 values. */
  #keyOf(hash: string): Buffer {
    return this.#hmac(this.#sealing, [hash]);
  }

  /** JSON keeps the parts apart, and a lone surrogate apart from the character that UTF-8 has for it. */
  #hmac(key: KeyObject, parts: readonly string[]): Buffer {
    return createHmac('sha256', key).update(JSON.stringify(parts)).digest();
  }
}

/** The version is in the purpose: values of another form lie under other names, and are never taken for broken ones. */
function derive(secret: string, purpose: 'hash' | 'seal'): KeyObject {
  const info = `express-mcp-guards sessions 1 ${purpose}`;
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', info, 32)));
}
