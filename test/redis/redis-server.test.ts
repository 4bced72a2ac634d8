import { expect } from 'chai';
import { createClient } from 'redis';

import { until } from '../support/gate.js';
import { needsRedisServer, redisServer } from '../support/redis-server.js';

const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    (answer) => `no failure, but ${JSON.stringify(answer)}`,
    (error: Error) => error.message,
  );

describe('a redis-server of our own', function () {
  this.timeout(20_000);

  before(function () {
    needsRedisServer(this);
  });

  it('answers on a port of its own, and is gone after use', async () => {
    const redis = await redisServer();
    expect(await redis.command('SET', 'a', '1')).to.equal('OK');
    expect(await redis.command('GET', 'a')).to.equal('1');
    await redis[Symbol.asyncDispose]();
    expect(await failure(redis.command('PING'))).to.include('ECONNREFUSED');
  });

  for (const keepsData of [true, false]) {
    it(`killed and started again, it ${keepsData ? 'has kept its data' : 'is empty'}`, async () => {
      await using redis = await redisServer({ keepsData });
      await redis.command('SET', 'a', '1');
      await redis.kill();
      expect(await failure(redis.command('PING'))).to.include('ECONNREFUSED');
      await redis.start();
      expect(await redis.command('GET', 'a')).to.equal(keepsData ? '1' : null);
    });
  }

  it('frozen, it answers nothing and loses no connection', async () => {
    await using redis = await redisServer();
    const client = createClient({ url: redis.url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    redis.freeze();
    let answer: string | undefined;
    const asking = client.ping().then((text) => {
      answer = text;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answer).to.equal(undefined);
    redis.thaw();
    await asking;
    expect(answer).to.equal('PONG');
    client.destroy();
  });

  it('read-only, it refuses writes, answers reads, and keeps its data', async () => {
    await using redis = await redisServer();
    await redis.command('SET', 'a', '1');
    await redis.makeReadOnly();
    expect(await failure(redis.command('SET', 'a', '2'))).to.include('READONLY');
    expect(await failure(redis.command('EVAL', "return redis.call('SET', 'a', '2')", '0'))).to.include(
      'READONLY',
    );
    expect(await redis.command('GET', 'a')).to.equal('1');
    await redis.makeWritable();
    await until('it takes writes again', async () => (await redis.command('SET', 'a', '3')) === 'OK');
  });
});
