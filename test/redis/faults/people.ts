/** People with sessions, each with one address. */
export const PEOPLE: readonly string[] = ['ada', 'bob', 'cleo', 'dora'];
/** Those of them whose passwords are guessed at. */
export const TARGETS: readonly string[] = ['ada', 'bob'];
/** Proven, and only there to see whether all is as before. */
export const PROBE = 'eve';
/** Proven, and after other people's sessions. */
export const STRANGER = 'mallory';
export const PASSWORD = 'the right one';

export interface Person {
  readonly user: string;
  readonly password: string;
  readonly address: string;
}

export function personOf(user: string): Person {
  const index = [...PEOPLE, PROBE, STRANGER].indexOf(user);
  return { user, password: PASSWORD, address: index < 0 ? '198.51.100.1' : `192.0.2.${index + 1}` };
}
