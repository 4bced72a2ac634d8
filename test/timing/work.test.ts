import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

import { expect } from 'chai';

import { hashPassword } from '../../lib/passwords/index.js';
import { randomOf } from '../fuzz/random.js';
import { CHEAP, secretKinds, tokenGuardKinds, userKinds } from './kinds.js';
import type { Kind } from './measure.js';

const WATCHED = ['scrypt', 'createHmac', 'timingSafeEqual'] as const;

/** What costs time and depends on who asks: each call, with the numbers that decide how much. */
async function workOf(kind: Kind): Promise<readonly string[]> {
  const real = Object.fromEntries(WATCHED.map((name) => [name, crypto[name]]));
  const work: string[] = [];
  const install = (functions: object): void => {
    Object.assign(crypto, functions);
    syncBuiltinESMExports();
  };
  const sizeOf = (value: unknown): string => {
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
      return JSON.stringify(value);
    return ArrayBuffer.isView(value)
      ? `${value.byteLength} bytes`
      : typeof value === 'number'
        ? String(value)
        : typeof value;
  };
  install(
    Object.fromEntries(
      WATCHED.map((name) => [
        name,
        (...args: unknown[]) => {
          work.push(`${name} ${args.map(sizeOf).join()}`);
          return (real[name] as (...args: unknown[]) => unknown)(...args);
        },
      ]),
    ),
  );
  try {
    await kind.act();
  } finally {
    install(real);
  }
  return work;
}

async function expectEqualWork(kinds: readonly Kind[], some: string): Promise<void> {
  const all: (readonly string[])[] = [];
  for (const kind of kinds) all.push(await workOf(kind));
  const [first, ...others] = all;
  expect(first?.some((one) => one.startsWith(some))).to.equal(true);
  for (const [n, other] of others.entries()) expect(other, kinds[n + 1]?.name).to.deep.equal(first);
}

describe('the same work, whoever asks', () => {
  it('a wrong password costs one run of scrypt with the same parameters for every kind of user', async () => {
    const kinds = await userKinds();
    await expectEqualWork(kinds, 'scrypt');
    expect((await workOf(kinds[0] as Kind)).filter((one) => one.startsWith('scrypt'))).to.have.length(1);
  });

  it('a secret is compared with the same work, however much of a guess is right, and whatever its length', () =>
    expectEqualWork(secretKinds(randomOf(1)), 'timingSafeEqual'));

  it('so is the shared token', () => expectEqualWork(tokenGuardKinds(randomOf(1)), 'timingSafeEqual'));

  it('less work is noticed', async () => {
    const known: Kind = { name: 'known', act: () => hashPassword('wrong', CHEAP) };
    const unknown: Kind = { name: 'unknown', act: () => null };
    const dearer: Kind = { name: 'dearer', act: () => hashPassword('wrong', { ...CHEAP, ln: 11 }) };
    for (const other of [unknown, dearer]) {
      expect(await workOf(other)).to.not.deep.equal(await workOf(known));
    }
  });
});
