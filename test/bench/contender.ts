import { Connection } from './load/connection.js';
import { Beginner, beginSession, type Call, type Caller, Lane } from './load/lane.js';
import { type Credential, credentials, type Headers, modernCall, toolCall } from './load/messages.js';
import type { ServerProcess } from './server/process.js';
import type { Setting, Variant } from './setting.js';

/** One of those that are measured side by side. */
export interface Contender {
  readonly name: string;
  readonly setting: Setting;
  /** Makes those that call it; it logs them in where it must. */
  callers(server: ServerProcess): Promise<Caller[]>;
}

export const LANES = 16;
const SMALL = 'hello';

export const credentialOf: Readonly<Record<Variant, Credential>> = {
  bare: 'none',
  'sdk-bearer': 'bearer',
  'ours-bearer': 'bearer',
  'ours-full': 'basic',
  naive: 'basic',
  fresh: 'none',
  'express-json': 'none',
  fastmcp: 'bearer',
  'bare-v2': 'none',
  'ours-v2': 'basic',
};

const indexes = Array.from({ length: LANES }, (_, index) => index);
export const person = (variant: Variant, index: number): Headers =>
  credentials(credentialOf[variant], `user-${index}`);

/** More logins at once from one address would wait for each other's hashes until their time is up. */
const LOGINS_AT_ONCE = 4;

/** Begins `count` sessions over a few connections, for the callers that `headersOf` names. */
export async function beginSessions(
  { port }: ServerProcess,
  count: number,
  headersOf: (index: number) => Headers,
): Promise<Headers[]> {
  const begun: Headers[] = [];
  let next = 0;
  await Promise.all(
    indexes.slice(0, LOGINS_AT_ONCE).map(async () => {
      const connection = await Connection.open(port);
      while (next < count) {
        const index = next;
        next += 1;
        begun[index] = await beginSession(connection, headersOf(index));
      }
      connection.close();
    }),
  );
  return begun;
}

export const served = (bytes: Buffer, text: string): Call => ({ bytes, status: 200, text });

/** Calls the tool `echo` in sessions, one for each caller. */
export function inSessions(
  name: string,
  setting: Setting,
  text: string = SMALL,
  lanes: number = LANES,
): Contender {
  return {
    name,
    setting,
    async callers(server) {
      const sessions = await beginSessions(server, lanes, (index) => person(setting.variant, index));
      return lanesOver(server, sessions, text);
    },
  };
}

/** Callers whose calls go over all these sessions in turn. */
export const lanesOver = ({ port }: ServerProcess, sessions: readonly Headers[], text = SMALL): Lane[] =>
  indexes.slice(0, sessions.length).map((lane) => {
    const own = sessions.filter((_, index) => index % LANES === lane);
    return new Lane(
      port,
      own.map((headers) => served(toolCall(headers, text), text)),
    );
  });

/** Calls the tool `echo` without a session, in the form of one era. */
export function sessionless(
  name: string,
  setting: Setting,
  era: 'legacy' | 'modern',
  text: string = SMALL,
): Contender {
  const form = era === 'modern' ? modernCall : toolCall;
  return {
    name,
    setting,
    callers: async ({ port }) =>
      indexes.map((index) => new Lane(port, [served(form(person(setting.variant, index), text), text)])),
  };
}

/** People who begin sessions at one connection: below the number that one of them may have. */
const PEOPLE = 8;

/** Begins sessions, and ends them between the rounds. */
export function beginning(name: string, setting: Setting): Contender {
  return {
    name,
    setting,
    callers: async ({ port }) =>
      indexes.map((lane) => {
        const people = Array.from({ length: PEOPLE }, (_, index) =>
          person(setting.variant, lane * PEOPLE + index),
        );
        return new Beginner(port, people);
      }),
  };
}
