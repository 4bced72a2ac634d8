import { expect } from 'chai';
import { InvalidConfig, readConfig } from '../src/config.js';

describe('configuration', () => {
  it('needs nothing to be set', () => {
    const { secret, ...config } = readConfig({});
    expect(secret).to.have.length(32);
    expect(config).to.deep.equal({
      host: '127.0.0.1',
      port: 3000,
      databaseUrl: undefined,
      schema: 'wiki',
      dataDir: undefined,
      accessTokenSeconds: 3600,
      mcpToken: undefined,
      serviceAccount: undefined,
      allowedHosts: undefined,
      trustProxy: undefined,
      redis: undefined,
    });
  });

  it('signs with another key at each start, unless one is given', () => {
    expect(readConfig({}).secret).not.to.deep.equal(readConfig({}).secret);
    const WIKI_SECRET = 'correct horse battery staple, 32 bytes';
    expect(readConfig({ WIKI_SECRET }).secret).to.deep.equal(readConfig({ WIKI_SECRET }).secret);
  });

  it('reads lists and proxies', () => {
    expect(readConfig({ ALLOWED_HOSTS: 'wiki.example, wiki.test,' }).allowedHosts).to.deep.equal([
      'wiki.example',
      'wiki.test',
    ]);
    expect(readConfig({ TRUST_PROXY: '1' }).trustProxy).to.equal(1);
    expect(readConfig({ TRUST_PROXY: 'loopback' }).trustProxy).to.deep.equal(['loopback']);
  });

  it('takes an empty variable as one that is not set', () => {
    expect(readConfig({ MCP_TOKEN: '', DATABASE_URL: ' ' })).to.include({
      mcpToken: undefined,
      databaseUrl: undefined,
    });
  });

  const SECRET = 'a secret of thirty-two characters or more';
  const manyNodes = {
    REDIS_URL: 'redis://127.0.0.1:6379',
    DATABASE_URL: 'postgres://127.0.0.1/wiki',
    WIKI_SECRET: SECRET,
    SESSION_SECRET: SECRET,
  };

  it('of many nodes takes session secrets to come and to go', () => {
    const next = SECRET.toUpperCase();
    expect(readConfig(manyNodes).redis).to.deep.equal({
      url: manyNodes.REDIS_URL,
      prefix: 'wiki',
      sessionSecrets: [SECRET],
    });
    const rotated = readConfig({ ...manyNodes, SESSION_SECRET: `${next}, ${SECRET}` });
    expect(rotated.redis?.sessionSecrets).to.deep.equal([next, SECRET]);
  });

  for (const name of ['DATABASE_URL', 'WIKI_SECRET', 'SESSION_SECRET']) {
    it(`of many nodes wants ${name}`, () => {
      expect(() => readConfig({ ...manyNodes, [name]: '' })).to.throw(
        InvalidConfig,
        `REDIS_URL needs ${name}`,
      );
    });
  }

  it('names no secret and no password in what it refuses', () => {
    for (const wrong of [
      { REDIS_URL: 'http://:very-secret@127.0.0.1' },
      { SESSION_SECRET: 'very-secret' },
      { SESSION_SECRET: `${SECRET},very-secret` },
    ]) {
      const [name = ''] = Object.keys(wrong);
      expect(() => readConfig({ ...manyNodes, ...wrong }))
        .to.throw(InvalidConfig, name)
        .with.property('message')
        .that.does.not.include('very-secret');
    }
  });

  const refused: readonly Readonly<Record<string, string>>[] = [
    { PORT: 'http' },
    { PORT: '65536' },
    { PORT: '-1' },
    { ACCESS_TOKEN_SECONDS: '0' },
    { WIKI_SECRET: 'too short' },
    { DATABASE_SCHEMA: 'wiki; drop schema public' },
    { TRUST_PROXY: 'true' },
  ];
  for (const environment of refused) {
    const [name = ''] = Object.keys(environment);
    it(`refuses ${name}=${environment[name]}, naming it`, () => {
      expect(() => readConfig(environment)).to.throw(InvalidConfig, name);
    });
  }
});
