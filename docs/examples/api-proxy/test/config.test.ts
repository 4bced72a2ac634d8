import { expect } from 'chai';
import { InvalidConfig, readConfig, readStdioConfig } from '../src/config.js';

describe('the settings', () => {
  it('have defaults', () => {
    expect(readConfig({ PORT: ' ' })).to.deep.equal({
      host: '127.0.0.1',
      port: 3000,
      apiUrl: undefined,
      allowedHosts: undefined,
      trustProxy: undefined,
    });
  });

  it('are read', () => {
    const environment = {
      HOST: '0.0.0.0',
      PORT: '0',
      API_URL: 'https://api.acme.example',
      ALLOWED_HOSTS: 'a.example, b.example,',
      TRUST_PROXY: '1',
    };
    expect(readConfig(environment)).to.deep.equal({
      host: '0.0.0.0',
      port: 0,
      apiUrl: 'https://api.acme.example',
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
      API_URL: ['api', 'https://a.example/v1', 'http://a.example', 'http://localhost.example'],
      TRUST_PROXY: ['true'],
    };
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) expect(() => readConfig({ [name]: value })).to.throw(InvalidConfig, name);
    }
  });

  it('of a server over stdio hold one key', () => {
    const environment = {
      API_URL: 'https://api.acme.example',
      ACME_KEY_ID: 'key',
      ACME_KEY_SECRET: 'secret',
    };
    const config = { apiUrl: environment.API_URL, keyId: 'key', secret: 'secret', organization: undefined };
    expect(readStdioConfig(environment)).to.deep.equal(config);
    expect(readStdioConfig({ ...environment, ACME_ORGANIZATION_ID: 'org' }).organization).to.equal('org');
    for (const name of Object.keys(environment))
      expect(() => readStdioConfig({ ...environment, [name]: ' ' })).to.throw(InvalidConfig, name);
  });
});
