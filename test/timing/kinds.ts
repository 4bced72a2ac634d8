import { createServer } from 'node:http';

import express from 'express';

import { secretsEqual } from '../../lib/credentials/fingerprint.js';
import { mcpTokenGuard } from '../../lib/index.js';
import { hashPassword, type PasswordUser, passwordVerifier } from '../../lib/passwords/index.js';
import type { Random } from '../fuzz/random.js';
import { send } from '../model/wire.js';
import type { Kind } from './measure.js';

/** As little as the bounds allow: what is not scrypt then weighs as much as it can. */
export const CHEAP = { ln: 10, r: 8, p: 1 } as const;

/** A wrong password, of every kind of user. */
export async function userKinds(): Promise<readonly Kind[]> {
  const passwordHash = await hashPassword('right', CHEAP);
  const users: ReadonlyMap<string, PasswordUser> = new Map([
    ['known', { passwordHash, principal: { subject: 'known' } }],
    ['disabled', { passwordHash, principal: { subject: 'disabled' }, disabled: true }],
    ['passwordless', { passwordHash: null, principal: { subject: 'passwordless' } }],
  ]);
  const { verify } = passwordVerifier({ findUser: (name) => users.get(name), parameters: CHEAP });
  const { signal } = new AbortController();
  return [...users.keys(), 'unknown'].map((username) => ({
    name: username,
    act: () => verify({ username, password: 'wrong' }, { signal } as Parameters<typeof verify>[1]),
  }));
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LENGTH = 43;

/** `length` characters, of which the first `shared` are those of `secret` and the next is not. */
function guess(secret: string, shared: number, length: number, random: Random): string {
  let text = secret.slice(0, shared);
  while (text.length < length) {
    const letter = random.pick([...LETTERS]);
    if (text.length !== shared || letter !== secret[shared]) text += letter;
  }
  return text;
}

/** How much of a secret a guess has right, and whether it is as long. */
const GUESSES: readonly (readonly [name: string, shared: number, length: number])[] = [
  ['nothing right', 0, LENGTH],
  ['1 character right', 1, LENGTH],
  ['half of it right', Math.floor(LENGTH / 2), LENGTH],
  ['all but the last right', LENGTH - 1, LENGTH],
  ['nothing right, one shorter', 0, LENGTH - 1],
  ['nothing right, one longer', 0, LENGTH + 1],
];

/** Guesses at a secret. */
export function secretKinds(random: Random): readonly Kind[] {
  const secret = guess('', 0, LENGTH, random);
  return GUESSES.map(([name, shared, length]) => {
    const presented = guess(secret, shared, length, random);
    return { name, act: () => secretsEqual(presented, secret) };
  });
}

/** The same at `mcpTokenGuard`, on requests that a real server parses. */
export function tokenGuardKinds(random: Random): readonly Kind[] {
  const secret = guess('', 0, LENGTH, random);
  const app = express();
  app.use('/mcp', mcpTokenGuard({ token: secret }));
  const server = createServer(app);
  return GUESSES.map(([name, shared, length]) => {
    const presented = guess(secret, shared, length, random);
    const request = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-MCP-Token: ${presented}\r\nContent-Length: 0\r\n\r\n`;
    return { name, act: () => send(server, '198.51.100.7', request, () => {}).closed };
  });
}
