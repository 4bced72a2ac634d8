import { expect } from 'chai';
import { InvalidConfig, readConfig } from '../src/config.js';

describe('the settings', () => {
  it('have defaults', () => {
    const { secret, ...rest } = readConfig({ PORT: ' ' });
    expect(rest).to.deep.equal({
      host: '127.0.0.1',
      port: 3000,
      allowedHosts: undefined,
      trustProxy: undefined,
    });
    expect(secret).to.have.length(32).and.not.deep.equal(readConfig({}).secret);
  });

  it('are read', () => {
    const environment = {
      HOST: '0.0.0.0',
      PORT: '0',
      NOTES_SECRET: 'x'.repeat(32),
      ALLOWED_HOSTS: 'a.example, b.example,',
      TRUST_PROXY: '1',
    };
    expect(readConfig(environment)).to.deep.equal({
      host: '0.0.0.0',
      port: 0,
      secret: Buffer.from('x'.repeat(32)),
      allowedHosts: ['a.example', 'b.example'],
      trustProxy: 1,
    });
    expect(readConfig({ TRUST_PROXY: 'loopback, 192.0.2.1' }).trustProxy).to.deep.equal([
      'loopback',
      '192.0.2.1',
    ]);
  });

  it('are refused where they cannot be used', () => {
    const bad = {
      PORT: ['x', '-1', '65536', '1.5'],
      NOTES_SECRET: ['short', 'x'.repeat(31)],
      TRUST_PROXY: ['true'],
    };
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) expect(() => readConfig({ [name]: value })).to.throw(InvalidConfig, name);
    }
  });
});
