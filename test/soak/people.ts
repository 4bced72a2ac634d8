/** What all clients know. */
export const CLIENT_TOKEN = 'the token of all clients';

/** Somebody who calls, and how. */
export interface Person {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const passwordOf = (username: string): string => `the password of ${username}`;

const TOKEN = /^token-(person-\d+)$/;
export const subjectOfToken = (token: string): string | undefined => TOKEN.exec(token)?.[1];

export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Every other one calls with Basic, the others with Bearer. */
export function person(index: number): Person {
  const subject = `person-${index}`;
  return {
    subject,
    headers:
      index % 2 === 0
        ? { Authorization: basic(subject, passwordOf(subject)), 'X-MCP-Token': CLIENT_TOKEN }
        : { Authorization: `Bearer token-${subject}`, 'X-MCP-Token': CLIENT_TOKEN },
  };
}
