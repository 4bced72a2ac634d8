import { expect } from 'chai';

import { addClient, ProofCache } from '../../lib/credentials/proof-cache.js';
import type { Principal } from '../../lib/types.js';

const START = 1_700_000_000_000;

function cacheAt(options: { ttlSeconds?: number; max?: number } = {}): {
  cache: ProofCache;
  advance(ms: number): void;
} {
  let now = START;
  const cache = new ProofCache({ ttlSeconds: 60, max: 100, ...options }, () => now);
  return {
    cache,
    advance: (ms) => {
      now += ms;
    },
  };
}

describe('ProofCache', () => {
  const ada: Principal = { subject: 'ada' };

  it('remembers whose a credential is, and who proved it', () => {
    const { cache } = cacheAt();
    cache.remember('key', ada, '192.0.2.1');
    expect(cache.get('key')).to.deep.include({ principal: ada, clients: new Set(['192.0.2.1']) });
    expect(cache.get('other')).to.equal(undefined);
  });

  it('remembers no client where there was no limiter to ask', () => {
    const { cache } = cacheAt();
    cache.remember('key', ada, undefined);
    expect(cache.get('key')?.clients.size).to.equal(0);
  });

  it('forgets after ttlSeconds, however often it was used', () => {
    const { cache, advance } = cacheAt({ ttlSeconds: 60 });
    cache.remember('key', ada, undefined);
    for (let second = 0; second < 59; second += 1) {
      advance(1000);
      expect(cache.get('key')).to.not.equal(undefined);
    }
    advance(999);
    expect(cache.get('key')).to.not.equal(undefined);
    advance(1);
    expect(cache.get('key')).to.equal(undefined);
  });

  it('never outlives the principal', () => {
    const { cache, advance } = cacheAt({ ttlSeconds: 60 });
    cache.remember('key', { ...ada, expiresAt: START / 1000 + 5 }, undefined);
    advance(4999);
    expect(cache.get('key')).to.not.equal(undefined);
    advance(1);
    expect(cache.get('key')).to.equal(undefined);
  });

  it('does not remember a principal whose time has passed', () => {
    const { cache } = cacheAt({ max: 1 });
    cache.remember('key', ada, undefined);
    cache.remember('gone', { ...ada, expiresAt: START / 1000 }, undefined);
    expect(cache.get('gone')).to.equal(undefined);
    expect(cache.get('key')).to.not.equal(undefined);
  });

  it('a new proof counts anew', () => {
    const { cache, advance } = cacheAt({ ttlSeconds: 60 });
    cache.remember('key', ada, 'first');
    advance(59_000);
    cache.remember('key', ada, 'second');
    advance(59_000);
    expect(cache.get('key')?.clients).to.deep.equal(new Set(['second']));
  });

  it('keeps at most max, the least used goes', () => {
    const { cache } = cacheAt({ max: 3 });
    for (const key of ['a', 'b', 'c']) cache.remember(key, ada, undefined);
    cache.get('a');
    cache.remember('d', ada, undefined);
    expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key))).to.deep.equal(['a', 'c', 'd']);
  });

  it('forgets one key', () => {
    const { cache } = cacheAt();
    cache.remember('key', ada, undefined);
    cache.remember('other', ada, undefined);
    cache.delete('key');
    expect(cache.get('key')).to.equal(undefined);
    expect(cache.get('other')).to.not.equal(undefined);
  });

  for (const count of [1, 2, 101]) {
    it(`forgets all ${count} of a principal and none of another`, () => {
      const { cache } = cacheAt({ max: 1000 });
      for (let i = 0; i < count; i += 1) {
        cache.remember(`ada ${i}`, ada, undefined);
        cache.remember(`eve ${i}`, { subject: 'eve' }, undefined);
      }
      cache.forget({ subject: 'ada' });
      for (let i = 0; i < count; i += 1) {
        expect(cache.get(`ada ${i}`)).to.equal(undefined);
        expect(cache.get(`eve ${i}`)).to.not.equal(undefined);
      }
      cache.forget({});
      for (let i = 0; i < count; i += 1) expect(cache.get(`eve ${i}`)).to.equal(undefined);
    });
  }

  it('forgets by what the filter names', () => {
    const { cache } = cacheAt();
    cache.remember('here', { subject: 'ada', issuer: 'i', tenant: 't' }, undefined);
    cache.remember('there', { subject: 'ada', issuer: 'i', tenant: 'u' }, undefined);
    cache.remember('nowhere', { subject: 'ada' }, undefined);
    cache.forget({ subject: 'ada', tenant: 't' });
    expect(['here', 'there', 'nowhere'].filter((key) => cache.get(key))).to.deep.equal(['there', 'nowhere']);
  });
});

describe('addClient', () => {
  it('keeps the 32 that proved it last', () => {
    const proof = { principal: { subject: 'ada' }, clients: new Set<string>(), diesAt: 0 };
    for (let i = 0; i < 40; i += 1) addClient(proof, `client ${i}`);
    const expected = Array.from({ length: 32 }, (_, i) => `client ${i + 8}`);
    expect([...proof.clients]).to.deep.equal(expected);
  });

  it('lets nobody go for a client that is there already', () => {
    const clients = new Set(Array.from({ length: 32 }, (_, i) => `client ${i}`));
    addClient({ principal: { subject: 'ada' }, clients, diesAt: 0 }, 'client 31');
    expect(clients.size).to.equal(32);
    expect(clients.has('client 0')).to.equal(true);
  });
});
