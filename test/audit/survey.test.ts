import { expect } from 'chai';

import type { Actor } from '../../lib/audit/actor.js';
import { AuditError } from '../../lib/audit/audit-error.js';
import { type Survey, survey } from '../../lib/audit/survey.js';
import type { Ask, Target } from '../../lib/audit/target.js';
import type { Reply } from '../../lib/audit/wire/reply.js';

const NOBODY: Actor = { name: 'no credential', headers: [] };
const ADA: Actor = { name: 'the first credential', headers: [] };
const BOB: Actor = { name: 'the second credential', headers: [] };

const refused = (status: number, rawHeaders: readonly string[] = []): Reply => ({
  ...{ status, rawHeaders, text: '', askedId: undefined },
});
const served = ({ message }: Ask, ...rawHeaders: string[]): Reply => ({
  ...{ status: 200, rawHeaders, askedId: message?.id },
  text: JSON.stringify({ jsonrpc: '2.0', id: message?.id, result: {} }),
});

const isLegacy = ({ message }: Ask): boolean => message?.method === 'initialize';

interface Surveyed {
  readonly result: Survey;
  readonly asked: readonly string[];
}

async function surveyed(answer: (ask: Ask) => Reply, ...credentials: readonly Actor[]): Promise<Surveyed> {
  const asked: string[] = [];
  const target = {
    async ask(ask: Ask) {
      asked.push(`${ask.as.name}: ${ask.message?.method}`);
      return answer(ask);
    },
    endSessions: async () => void asked.push('sessions ended'),
  } as unknown as Target;
  return { result: await survey(target, NOBODY, credentials), asked };
}

const refusal = (surveying: Promise<Surveyed>): Promise<string> =>
  surveying.then(
    () => expect.fail('not refused'),
    (error: unknown) => {
      expect(error).to.be.instanceOf(AuditError);
      return (error as Error).message;
    },
  );

const toKnown = (ask: Ask): Reply => (ask.as === NOBODY ? refused(401) : served(ask, 'Mcp-Session-Id', 'x'));

describe('the survey of an audit', () => {
  it('asks as everybody, in both eras, and ends what began', async () => {
    const { asked } = await surveyed(toKnown, ADA, BOB);
    expect(asked).to.deep.equal([
      ...[NOBODY, ADA, BOB].flatMap(({ name }) => [`${name}: initialize`, `${name}: server/discover`]),
      'sessions ended',
    ]);
  });

  it('finds out what is served to the first credential', async () => {
    const { result } = await surveyed(toKnown, ADA, BOB);
    expect(result).to.deep.include({
      served: ADA,
      eras: ['2025-11-25', '2026-07-28'],
      hasSessions: true,
      open: [],
    });
    expect(result.uninvited.status).to.equal(401);
    const modern = await surveyed((ask) => (isLegacy(ask) ? refused(401) : toKnown(ask)), ADA);
    expect(modern.result).to.deep.include({ served: ADA, eras: ['2026-07-28'], hasSessions: true });
    const legacy = await surveyed((ask) => (isLegacy(ask) ? toKnown(ask) : refused(400)), ADA);
    expect(legacy.result).to.deep.include({ eras: ['2025-11-25'], hasSessions: true });
  });

  it('knows of no session where none has an id, or what has one is not served', async () => {
    const without = await surveyed((ask) => (ask.as === NOBODY ? refused(401) : served(ask)), ADA);
    expect(without.result.hasSessions).to.equal(false);
    const answer = (ask: Ask): Reply => (isLegacy(ask) ? refused(400, ['Mcp-Session-Id', 'x']) : served(ask));
    expect((await surveyed(answer, ADA)).result.hasSessions).to.equal(false);
  });

  it('finds out what is served to anybody', async () => {
    const { result } = await surveyed((ask) => served(ask));
    expect(result).to.deep.include({
      ...{ served: NOBODY, eras: ['2025-11-25', '2026-07-28'], hasSessions: false },
      open: ['2025-11-25', '2026-07-28'],
    });
    expect(result.uninvited.status).to.equal(200);
    const nothing = await surveyed(() => refused(401));
    expect(nothing.result).to.deep.include({ served: undefined, eras: [], hasSessions: false, open: [] });
  });

  it('takes for an endpoint what refuses, limits or speaks JSON-RPC', async () => {
    for (const status of [401, 403, 429]) {
      expect((await surveyed(() => refused(status))).result.uninvited.status).to.equal(status);
    }
    const error = '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"x"}}';
    const speaking = await surveyed((ask) =>
      isLegacy(ask) ? refused(404) : { ...refused(400), text: error },
    );
    expect(speaking.result.served).to.equal(undefined);
    for (const status of [200, 400, 402, 404, 428, 500]) {
      expect(await refusal(surveyed(() => refused(status), ADA))).to.equal(
        `no MCP endpoint answers there: initialize is answered ${status} and ${status}`,
      );
    }
    expect(
      await refusal(surveyed((ask) => (isLegacy(ask) ? refused(308, ['Location', '/x']) : refused(404)))),
    ).to.equal(
      'no MCP endpoint answers there: initialize is answered 308 and 404; it redirects, and redirects are not followed',
    );
  });

  it('refuses a credential that is not served, and names it', async () => {
    const only = (actor: Actor) => (ask: Ask) => (ask.as === actor ? served(ask) : refused(401));
    expect(await refusal(surveyed(only(BOB), ADA, BOB))).to.equal(
      'the first credential is not served: it is answered 401 and 401',
    );
    expect(await refusal(surveyed(only(ADA), ADA, BOB))).to.equal(
      'the second credential is not served: it is answered 401 and 401',
    );
  });
});
