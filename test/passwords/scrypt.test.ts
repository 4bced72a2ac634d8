import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import { hashPassword, verifyPassword } from '../../lib/passwords/index.js';
import { hashesAtOnce } from '../../lib/passwords/turns.js';
import { CHEAP, rejection, scryptCalls } from './support.js';

const OUT_OF_BOUNDS = 'verifyPassword: the stored hash is not a scrypt PHC string within bounds';

describe('hashPassword and verifyPassword', () => {
  const runs = scryptCalls();

  it('round-trips through a PHC string', async () => {
    const hash = await hashPassword('correct horse', CHEAP);
    expect(hash).to.match(/^\$scrypt\$ln=10,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassword('correct horse', hash)).to.equal(true);
    for (const wrong of ['', 'correct horse ', 'Correct horse', 'correct', 'correct horse\u0000']) {
      expect(await verifyPassword(wrong, hash)).to.equal(false);
    }
  });

  it('salts: the same password never hashes to the same text', async () => {
    const hashes = await Promise.all(Array.from({ length: 8 }, () => hashPassword('same', CHEAP)));
    expect(new Set(hashes).size).to.equal(8);
  });

  it('costs 32 MiB three times by default, and asks node for no more memory than that', async () => {
    expect(await hashPassword('x')).to.match(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect(runs()).to.deep.equal([{ length: 32, N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 25 + 128 * 8 * 5 }]);
  });

  it('D4 hashes on all processors and threads of the pool but one, and lets the rest wait', async () => {
    const most = hashesAtOnce(availableParallelism(), process.env.UV_THREADPOOL_SIZE);
    await Promise.all(Array.from({ length: most + 4 }, () => hashPassword('x', CHEAP)));
    expect(runs()).to.have.length(most + 4);
    expect(runs.atOnce()).to.equal(most);
  });

  it('takes its cost one parameter at a time', async () => {
    expect(await hashPassword('x', { ln: 11 })).to.match(/^\$scrypt\$ln=11,r=8,p=3\$/);
    expect(await hashPassword('x', { ln: 10, p: 2 })).to.match(/^\$scrypt\$ln=10,r=8,p=2\$/);
    expect(await hashPassword('x', { ln: 10, r: 1, p: 16 })).to.match(/^\$scrypt\$ln=10,r=1,p=16\$/);
  });

  it('can verify with the largest parameters it accepts', async () => {
    const hash = await hashPassword('x', { ln: 10, r: 32, p: 16 });
    expect(await verifyPassword('x', hash)).to.equal(true);
  });

  it('rejects parameters that are unknown, no integers or out of bounds', async () => {
    const wrong = [
      { ln: 9 },
      { ln: 19 },
      { ln: 15.5 },
      { ln: '15' },
      { ln: Number.NaN },
      { r: 0 },
      { r: 33 },
      { p: 0 },
      { p: 17 },
      { p: -1 },
      { ln: 18, r: 9 },
      { ln: 18, r: 8, p: 5 },
      { N: 32_768 },
      null,
      15,
    ];
    for (const parameters of wrong) {
      expect(await rejection(hashPassword('x', parameters as never)))
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .that.matches(/^hashPassword: /);
    }
    expect(runs()).to.deep.equal([]);
  });

  it('rejects a password that is empty, ill-formed or no text', async () => {
    for (const password of ['', 'a\ud800', '\udc00b', 'a\u0000', undefined, 7]) {
      const error = await rejection(hashPassword(password as string, CHEAP));
      expect(error).to.be.instanceOf(TypeError);
      expect(String(error)).to.include('hashPassword: the password must be');
    }
  });

  it('knows the vector of RFC 7914 §12', async () => {
    const salt = Buffer.from('SodiumChloride').toString('base64').replace(/=+$/, '');
    const key = Buffer.from(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      'hex',
    );
    const hash = `$scrypt$ln=14,r=8,p=1$${salt}$${key.toString('base64').replace(/=+$/, '')}`;
    expect(await verifyPassword('pleaseletmein', hash)).to.equal(true);
    expect(await verifyPassword('pleaseletmeout', hash)).to.equal(false);
  });

  it('takes composed and decomposed accents for the same password, and nothing else (RFC 8265 §4.2.2)', async () => {
    const hash = await hashPassword('caf\u00e9', CHEAP);
    expect(await verifyPassword('cafe\u0301', hash)).to.equal(true);
    expect(await verifyPassword('café', await hashPassword('cafe\u0301', CHEAP))).to.equal(true);
    for (const other of ['cafe', 'CAF\u00c9', '\uff43af\u00e9']) {
      expect(await verifyPassword(other, hash)).to.equal(false);
    }
  });

  it('counts any changed character of the hash as a wrong password, or as malformed', async () => {
    const hash = await hashPassword('x', CHEAP);
    const [, , , salt = '', key = ''] = hash.split('$');
    const other = (text: string) => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
    expect(await verifyPassword('x', hash.replace(salt, other(salt)))).to.equal(false);
    expect(await verifyPassword('x', hash.replace(key, other(key)))).to.equal(false);
    expect(await verifyPassword('x', hash.replace('p=1', 'p=2'))).to.equal(false);
    expect(await verifyPassword('x', hash.replace('ln=10', 'ln=11'))).to.equal(false);
    expect(await verifyPassword('x', hash.replace('r=8', 'r=4'))).to.equal(false);
  });

  it('rejects a hash that is no text, even where it reads like one', async () => {
    const hash = await hashPassword('x', CHEAP);
    for (const value of [[hash], { toString: () => hash }, null, 5]) {
      expect(String(await rejection(verifyPassword('x', value as never)))).to.include(OUT_OF_BOUNDS);
    }
  });

  it('rejects a hash that is malformed, truncated or too costly, and runs nothing', async () => {
    const salt = 'c2FsdHNhbHRzYWx0c2FsdA';
    const key = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY';
    const broken = [
      '',
      'x',
      '$scrypt$',
      `$scrypt$ln=10,r=8,p=1$${salt}`,
      `$scrypt$ln=10,r=8,p=1$${salt}$`,
      `$scrypt$ln=10,r=8,p=1$$${key}`,
      `$scrypt$ln=10,r=8,p=1$${salt}$MDEy`,
      `$scrypt$ln=10,r=8,p=1$c2FsdA$${key}`,
      `$scrypt$ln=10,r=8,p=1$${salt}==$${key}`,
      `$scrypt$ln=10,r=8,p=1$${salt}$${key}=`,
      `$scrypt$ln=10,r=8,p=1$${salt.slice(0, -1)}B$${key}`,
      `$scrypt$ln=10,r=8,p=1$${salt.replace('c', '-')}$${key}`,
      `$scrypt$ln=10,r=8,p=1$${salt}$${key}$`,
      `$scrypt$ln=10,r=8,p=1$${salt}$${key}\n`,
      ` $scrypt$ln=10,r=8,p=1$${salt}$${key}`,
      `$scrypt$ln=010,r=8,p=1$${salt}$${key}`,
      `$scrypt$ln=1e1,r=8,p=1$${salt}$${key}`,
      `$scrypt$ln=-10,r=8,p=1$${salt}$${key}`,
      `$scrypt$r=8,ln=10,p=1$${salt}$${key}`,
      `$scrypt$ln=10,r=8$${salt}$${key}`,
      `$scrypt$ln=9,r=8,p=1$${salt}$${key}`,
      `$scrypt$ln=19,r=1,p=1$${salt}$${key}`,
      `$scrypt$ln=31,r=8,p=1$${salt}$${key}`,
      `$scrypt$ln=99,r=99,p=99$${salt}$${key}`,
      `$scrypt$ln=18,r=32,p=1$${salt}$${key}`,
      `$scrypt$ln=18,r=8,p=16$${salt}$${key}`,
      `$scrypt$ln=10,r=0,p=1$${salt}$${key}`,
      `$scrypt$ln=10,r=8,p=0$${salt}$${key}`,
      `$scrypt$ln=10,r=33,p=1$${salt}$${key}`,
      `$scrypt$ln=10,r=8,p=17$${salt}$${key}`,
      `$scrypt$ln=10,r=8,p=1$${salt}$${'A'.repeat(100_000)}`,
      '$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZDQH9wZoBf0nSKx7YjdJcDqJBq7mXe',
      '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
      'pleaseletmein',
    ];
    for (const hash of broken) {
      const error = await rejection(verifyPassword('x', hash));
      expect(error, hash).to.be.instanceOf(Error).with.property('message', OUT_OF_BOUNDS);
    }
    for (const hash of [undefined, null, 7, {}, Buffer.from('x')]) {
      expect(await rejection(verifyPassword('x', hash as never))).to.have.property('message', OUT_OF_BOUNDS);
    }
    expect(runs()).to.deep.equal([]);
  });
});
