import { basic } from '../support/call.js';

/** What the model's clients present. Every secret says so, to be found where it must not be. */
export interface Credential {
  readonly name: string;
  readonly scheme: 'basic' | 'bearer' | 'none' | 'unusable';
  /** Whose it is, where it is somebody's. */
  readonly subject?: string;
  /** Whom it claims to be: what the limiter knows of it. */
  readonly account?: string;
  readonly isRight: boolean;
  /** Seconds after the beginning at which it dies. */
  readonly diesAfter?: number;
  readonly header?: string;
}

const password = (subject: string): string => `canary-password-of-${subject}`;
const token = (subject: string, n: number): string => `canary-token-${n}-of-${subject}`;

const own = (subject: string): readonly Credential[] => [
  {
    name: `${subject}’s password`,
    scheme: 'basic',
    subject,
    account: subject,
    isRight: true,
    header: basic(subject, password(subject)),
  },
  {
    name: `${subject}’s token`,
    scheme: 'bearer',
    subject,
    isRight: true,
    header: `Bearer ${token(subject, 1)}`,
  },
  {
    name: `${subject}’s short token`,
    scheme: 'bearer',
    subject,
    isRight: true,
    diesAfter: 90,
    header: `Bearer ${token(subject, 2)}`,
  },
];
const guesses = (subject: string): readonly Credential[] =>
  [1, 2, 3, 4, 5].map((n) => ({
    name: `guess ${n} at ${subject}`,
    scheme: 'basic' as const,
    account: subject,
    isRight: false,
    header: basic(subject, `canary-guess-${n}`),
  }));

export const SUBJECTS = ['ada', 'eve'] as const;

export const CREDENTIALS: readonly Credential[] = [
  ...SUBJECTS.flatMap(own),
  ...SUBJECTS.flatMap(guesses),
  { name: 'a token of nobody', scheme: 'bearer', isRight: false, header: 'Bearer canary-token-of-nobody' },
  { name: 'another of nobody', scheme: 'bearer', isRight: false, header: 'Bearer canary-token-of-nobody-2' },
  { name: 'nothing', scheme: 'none', isRight: false },
  { name: 'an unusable one', scheme: 'unusable', isRight: false, header: 'Basic canary!' },
];

/** Two addresses, and two of one /64: three clients. */
export const ADDRESSES = ['198.51.100.7', '203.0.113.9', '2001:db8:0:1::1', '2001:db8:0:1:ffff::2'] as const;

/** The client that an address is, for the limiter. */
export const clientOf = (address: string): string => (address.includes(':') ? 'v6' : address);

/** Whether a text holds a secret of the model's, as it is or as it travels. */
export function leaks(text: string): boolean {
  const isEncoded = CREDENTIALS.some(
    ({ header }) => header !== undefined && text.includes(header.split(' ')[1] ?? header),
  );
  return isEncoded || text.includes('canary');
}
