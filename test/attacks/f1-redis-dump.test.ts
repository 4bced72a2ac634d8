import { randomBytes } from 'node:crypto';

import { expect } from 'chai';
import { createClient } from 'redis';

import { mcpLoginLimiter } from '../../lib/index.js';
import { redisEventStore, redisLoginStore, redisSessionStore } from '../../lib/redis/index.js';
import { basic, call, initialize } from '../support/call.js';
import { guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { needsRedis, REDIS_URL } from '../support/redis.js';
import { begin, resume } from '../support/session.js';

type Client = ReturnType<typeof createClient>;

const canary = (what: string): string => `canary-${what}-${randomBytes(12).toString('hex')}`;

/** How to read everything of a key, by its type. */
const READ: Readonly<Record<string, (key: string) => string[]>> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  set: (key) => ['SMEMBERS', key],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  stream: (key) => ['XRANGE', key, '-', '+'],
};

/** All that is under a prefix, names and values, as text; and the keys. */
async function dump(client: Client, prefix: string): Promise<{ text: string; keys: string[] }> {
  const keys: string[] = [];
  for await (const some of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) keys.push(...some);
  const parts = await Promise.all(
    keys.map(async (key) => {
      const read = READ[await client.type(key)];
      expect(read, `a type that is not known: ${key}`).to.not.equal(undefined);
      return [key, await client.sendCommand(read?.(key) ?? [])];
    }),
  );
  return { text: JSON.stringify(parts), keys };
}

describe('F1 a dump of Redis', () => {
  const prefix = `test-${randomBytes(8).toString('hex')}`;
  let client: Client;

  before(async function () {
    await needsRedis(this);
    client = createClient({ url: REDIS_URL });
    client.on('error', () => {});
    await client.connect();
  });

  after(async () => {
    if (!client) return;
    const { keys } = await dump(client, prefix);
    if (keys.length > 0) await client.del(keys);
    client.destroy();
  });

  it('F1 holds no credential, no issued token, no account name and no usable session id', async () => {
    const secrets = {
      user: canary('user'),
      password: canary('password'),
      guess: canary('guess'),
      stranger: canary('stranger'),
      bearer: canary('bearer'),
      issued: canary('issued'),
      claim: canary('claim'),
      client: canary('client'),
      secret: canary('secret'),
    };
    const store = () => redisSessionStore({ client, secret: secrets.secret, prefix, timeoutMs: 5000 });
    const open = () =>
      guarded({
        before: [mcpLoginLimiter({ store: redisLoginStore({ client, prefix, timeoutMs: 5000 }) })],
        basic: {
          verify: ({ username, password }) => (password === secrets.password ? { subject: username } : null),
          startSession: (principal) => ({
            ...principal,
            token: secrets.issued,
            claims: { deep: [secrets.claim] },
          }),
        },
        binding: { store: store() },
        handler: { eventStore: redisEventStore({ client, prefix, timeoutMs: 5000 }) },
        createServer: ({ principal }) => buildServer(principal),
      });
    await using here = await open();
    await using there = await open();
    const ada = { authorization: basic(secrets.user, secrets.password) };
    const eve = { authorization: basic(secrets.stranger, secrets.guess) };
    const token = { authorization: `Bearer ${secrets.bearer}` };

    const message = initialize(0) as { params: object };
    const named = {
      ...message,
      params: { ...message.params, clientInfo: { name: secrets.client, version: '1' } },
    };
    const first = await call(here.url, { headers: ada, body: named });
    expect(first.status).to.equal(200);
    const ids = [String(first.headers['mcp-session-id'])];
    const [one = ''] = ids;
    for (const { url } of [here, there]) {
      expect(await resume(url, ada, one).tool('echo', { text: 'hello' })).to.equal('hello');
      expect((await resume(url, eve, one).send({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).to.equal(
        401,
      );
    }
    const other = await begin(there.url, token);
    ids.push(other.id);
    const ended = await begin(here.url, ada);
    ids.push(ended.id);
    await ended.delete();

    const { text, keys } = await dump(client, prefix);
    for (const kind of [':{sessions}', ':{login}', ':events:']) {
      expect(
        keys.some((key) => key.includes(kind)),
        kind,
      ).to.equal(true);
    }
    const forbidden = [...Object.values(secrets), ...ids, String(ada.authorization).slice(6)];
    for (const value of forbidden) {
      for (const form of ['utf8', 'base64', 'base64url', 'hex'] as const) {
        const shown =
          form === 'utf8'
            ? value
            : Buffer.from(value)
                .toString(form)
                .replace(/.{0,2}=*$/, '');
        expect(text.includes(shown), `${value.slice(0, 14)} as ${form}`).to.equal(false);
      }
    }
    expect(text).to.not.match(/canary/i);
  });
});
