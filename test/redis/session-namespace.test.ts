import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

import { expect } from 'chai';

import { Namespace } from '../../lib/redis/session-namespace.js';

const SECRET = 'a secret of at least thirty-two characters';
const space = new Namespace(SECRET);

/** As it has to be in every release: another would not find the sessions of the one before it. */
const derived = (purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', SECRET, '', `express-mcp-guards sessions 1 ${purpose}`, 32));
const hmac = (key: Buffer, parts: readonly string[]): Buffer =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest();

describe('what one secret keeps apart', () => {
  it('is called by 96 bits that tell nothing of it', () => {
    const name = hmac(derived('hash'), ['namespace']).toString('base64url').slice(0, 16);
    expect(space.name).to.equal(name);
    expect(new Namespace(`${SECRET}.`).name).not.to.equal(name);
  });

  it('has a hash for each name of each kind', () => {
    for (const kind of ['session', 'owner', 'subject'] as const) {
      expect(space.hash(kind, 'ada')).to.equal(hmac(derived('hash'), [kind, 'ada']).toString('base64url'));
    }
    const lone = space.hash('subject', '\ud800');
    expect(lone).not.to.equal(space.hash('subject', '\ufffd'));
  });

  it('seals with AES-256-GCM, under a key for each session and a new nonce, bound to its field', () => {
    const sealed = space.seal('id', 'hash', { a: 'ä' });
    expect(sealed).to.match(/^[\w-]+$/);
    expect(space.seal('id', 'hash', { a: 'ä' })).not.to.equal(sealed);
    const bytes = Buffer.from(sealed, 'base64url');
    const key = hmac(derived('seal'), ['hash']);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from('["id","hash"]'));
    decipher.setAuthTag(bytes.subarray(-16));
    const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    expect(text.toString()).to.equal('{"a":"ä"}');
  });

  it('opens what it sealed, whatever it was', () => {
    for (const value of [null, '', 'text', 0, false, [], { a: [1, 'ä', null] }])
      expect(space.open('id', 'hash', space.seal('id', 'hash', value))).to.deep.equal(value);
    expect(space.open('id', 'hash', space.seal('id', 'hash', undefined))).to.equal(null);
  });

  it('opens nothing else: of another field, session or secret, changed, cut, or no sealed value', () => {
    const sealed = space.seal('id', 'hash', 'session');
    expect(space.open('principal', 'hash', sealed)).to.equal(undefined);
    expect(space.open('id', 'other', sealed)).to.equal(undefined);
    expect(new Namespace(`${SECRET}.`).open('id', 'hash', sealed)).to.equal(undefined);
    const bytes = Buffer.from(sealed, 'base64url');
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(space.open('id', 'hash', changed.toString('base64url')), `byte ${at}`).to.equal(undefined);
    }
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length).toString('base64url');
      expect(space.open('id', 'hash', cut), `${length} bytes`).to.equal(undefined);
    }
    for (const text of ['', 'garbage', '{}', 'ä']) expect(space.open('id', 'hash', text)).to.equal(undefined);
  });
});
