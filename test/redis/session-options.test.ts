import { expect } from 'chai';

import { Connection } from '../../lib/redis/connection.js';
import { type RedisClient, redisSessionStore } from '../../lib/redis/index.js';
import { Namespace } from '../../lib/redis/session-namespace.js';
import { readSessionOptions } from '../../lib/redis/session-options.js';
import { freePort } from '../support/free-port.js';
import { clientKinds, type Held } from '../support/redis-clients.js';
import { ownSecret } from './sessions.js';

describe('redisSessionStore, options', () => {
  const helds: Held[] = [];
  let url = '';

  before(async () => {
    url = `redis://127.0.0.1:${await freePort()}`;
    for (const { make } of clientKinds) helds.push(make(url));
  });

  after(() => {
    for (const held of helds) held[Symbol.dispose]();
  });

  const make = (options: object) => () =>
    redisSessionStore({ client: helds[0]?.client, secret: ownSecret(), ...options } as never);

  it('takes each of the clients, also while it is not connected', () => {
    for (const { client } of helds)
      expect(redisSessionStore({ client, secret: ownSecret() }).shared).to.equal(true);
  });

  it('refuses what is not a client', () => {
    for (const client of [undefined, null, {}, 'redis://localhost', { sendCommand() {} }, () => {}]) {
      expect(make({ client })).to.throw(
        TypeError,
        'option "client" must be a client of the package redis or ioredis',
      );
    }
  });

  it('refuses a secret that is none, and does not show it', () => {
    const short = 'hunter2hunter2hunter2hunter2hun';
    const twice = ownSecret();
    const bad: unknown[] = [
      undefined,
      null,
      '',
      short,
      5,
      Buffer.alloc(32),
      [],
      [short],
      [ownSecret(), short],
    ];
    bad.push([twice, twice], `${ownSecret()}\n`, ` ${ownSecret()}`, [[ownSecret()]], { secret: ownSecret() });
    for (const secret of bad) {
      let thrown: unknown;
      try {
        make({ secret })();
      } catch (error) {
        thrown = error;
      }
      expect(thrown, String(secret)).to.be.instanceOf(TypeError);
      const { message } = thrown as TypeError;
      expect(message).to.include(
        'redisSessionStore: option "secret" must be a string of at least 32 characters without white space at its ends',
      );
      for (const text of [short, twice]) expect(message).not.to.include(text);
    }
  });

  it('takes a secret of 32 characters, one or several', () => {
    for (const secret of ['x'.repeat(32), ['x'.repeat(32), 'y'.repeat(32)]])
      expect(make({ secret })().shared).to.equal(true);
  });

  it('makes a namespace of each secret, the newest first', () => {
    const [client, newest, older] = [helds[0]?.client as RedisClient, ownSecret(), ownSecret()];
    for (const secret of [newest, [newest], [newest, older]]) {
      const settings = readSessionOptions({ client, secret, prefix: 'app' });
      expect(settings).to.include({ client, prefix: 'app' });
      expect(settings.connection).to.be.instanceOf(Connection);
      const names = [secret].flat().map((one) => new Namespace(one).name);
      expect(settings.spaces.map(({ name }) => name)).to.deep.equal(names);
    }
  });

  it('refuses a prefix that would change what a key is, a time that is none, and what it does not know', () => {
    for (const prefix of ['', '{a}', 'a{', 'b}', 5, null])
      expect(make({ prefix })).to.throw(TypeError, 'option "prefix" must be');
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '200', 2 ** 31])
      expect(make({ timeoutMs })).to.throw(TypeError, 'option "timeoutMs" must be');
    expect(make({ ttl: 5 })).to.throw(TypeError, 'unknown option "ttl"');
    expect(() => redisSessionStore(undefined as never)).to.throw(TypeError, 'options must be an object');
  });

  it('shows no secret to whoever inspects the store', async () => {
    const { inspect } = await import('node:util');
    const secret = ownSecret();
    const store = redisSessionStore({ client: { ...clientLike() }, secret } as never);
    expect(inspect(store, { depth: 20, showHidden: true })).not.to.include(secret);
    expect(JSON.stringify(store)).not.to.include(secret);
  });

  const clientLike = (): object => ({ isReady: false, sendCommand() {}, duplicate() {} });
});
