import { expect } from 'chai';

import {
  type BasicCredentials,
  type CredentialVerifier,
  McpGuardError,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  type Principal,
} from '../../lib/index.js';
import { basic, call, initialize, type Reply } from '../support/call.js';
import { type Gate, gate } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { catchRejections } from '../support/rejections.js';
import { type Served, serve } from '../support/serve.js';
import { settle } from '../support/settle.js';
import { catchWarnings } from '../support/warnings.js';
import { person, right } from './support/people.js';

interface Place extends Served {
  verifications: number;
  runs: number;
}

type Verifier = CredentialVerifier<BasicCredentials>;

async function openPlace(
  verify: (credentials: BasicCredentials) => unknown,
  more: Partial<Verifier> = {},
): Promise<Place> {
  const served = await serve(
    mcpLoginLimiter({ points: 5 }),
    mcpBasicAuth({
      verifier: {
        ...more,
        verify: (credentials) => {
          place.verifications += 1;
          return verify(credentials) as Principal;
        },
      },
      timeoutMs: 50,
    }),
    mcpHandler({
      createServer: ({ principal }) => {
        place.runs += 1;
        return buildServer(principal);
      },
    }),
  );
  const place: Place = { ...served, verifications: 0, runs: 0 };
  return place;
}

const login = ({ url }: Served, authorization = right('alice')): Promise<Reply> =>
  call(url, { headers: { authorization }, body: initialize() });

function expectOutage({ status, code, headers, text }: Reply, what: string): void {
  expect([status, code], what).to.deep.equal([503, 'unavailable']);
  expect(Number(headers['retry-after']), what).to.be.at.least(1);
  expect(text, what).not.to.include('secret');
}

/** Node tells of unhandled rejections when the microtasks are done. */
const OUTAGES: Readonly<Record<string, () => unknown>> = {
  'throws at once': () => {
    throw new Error('secret of the database');
  },
  'throws a string': () => {
    throw 'secret';
  },
  'throws undefined': () => {
    throw undefined;
  },
  'throws null': () => {
    throw null;
  },
  rejects: () => Promise.reject(new Error('secret of the database')),
  'rejects with undefined': () => Promise.reject(),
  'rejects with false': () => Promise.reject(false),
  'never answers': () => new Promise(() => {}),
  'throws a refusal that is not for it to give': () => {
    throw new McpGuardError('too_many_attempts');
  },
  'throws what looks like a refusal': () => {
    throw Object.assign(new Error('secret'), { code: 'forbidden', status: 403 });
  },
  'answers with a thenable that throws': () =>
    Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('secret');
      },
    }),
  'answers with a principal that throws when it is read': () => ({
    get subject() {
      throw new Error('secret');
    },
  }),
};

for (const [how, fault] of Object.entries(OUTAGES)) {
  it(`D1: the verifier ${how}: 503 each time, and not one failure counted`, async () => {
    using rejections = catchRejections();
    let isDown = true;
    await using place = await openPlace(() => (isDown ? fault() : null));
    for (let i = 0; i < 8; i += 1) expectOutage(await login(place, basic('alice', `${i}`)), `attempt ${i}`);
    expect(place.verifications).to.equal(8);
    isDown = false;
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await login(place, basic('alice', `wrong ${i}`))).status);
    expect(statuses, 'the whole budget is left').to.deep.equal([401, 401, 401, 401, 401, 429]);
    expect(place.runs).to.equal(0);
    await settle();
    expect(rejections.reasons).to.deep.equal([]);
  });
}

const LATE: Readonly<Record<string, (verdict: Gate<Principal | null>) => void>> = {
  'a principal': (verdict) => verdict.open(person('alice')),
  'a wrong credential': (verdict) => verdict.open(null),
  nonsense: (verdict) => verdict.open('yes' as unknown as null),
  'an error': (verdict) => verdict.fail(new Error('secret')),
};

for (const [what, answer] of Object.entries(LATE)) {
  it(`D1: ${what} that comes after the time is up changes nothing`, async () => {
    using rejections = catchRejections();
    const verdicts: Gate<Principal | null>[] = [];
    await using place = await openPlace(() => {
      const verdict = gate<Principal | null>();
      verdicts.push(verdict);
      return verdict.opened;
    });
    expectOutage(await login(place), 'in time');
    for (const verdict of verdicts) answer(verdict);
    await settle();
    // Not remembered as right, nor as wrong: the next one is verified anew, and has its own time.
    expectOutage(await login(place), 'after it');
    expect(place.verifications).to.equal(2);
    expect(place.runs).to.equal(0);
    for (const verdict of verdicts) answer(verdict);
    await settle();
    expect(rejections.reasons).to.deep.equal([]);
  });
}

class Row {
  subject = '';
}

/** What verifiers answered in systems that let people in for it. */
const NO_PRINCIPALS: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ["''", ''],
  ['0', 0],
  ['1', 1],
  ['NaN', Number.NaN],
  ['true', true],
  ["'true'", 'true'],
  ["'alice'", 'alice'],
  ['{}', {}],
  ['[]', []],
  ["['alice']", ['alice']],
  ["[{ subject: 'alice' }]", [{ subject: 'alice' }]],
  ['{ authenticated: false }', { authenticated: false }],
  ['{ authenticated: true }', { authenticated: true }],
  ["{ subject: '' }", { subject: '' }],
  ['{ subject: undefined }', { subject: undefined }],
  ['{ subject: null }', { subject: null }],
  ['{ subject: 7 }', { subject: 7 }],
  ["{ subject: ['alice'] }", { subject: ['alice'] }],
  ["{ subject: new String('alice') }", { subject: new String('alice') }],
  ["{ sub: 'alice' }", { sub: 'alice' }],
  ["{ clientId: 'app' }", { clientId: 'app' }],
  ["{ user: { subject: 'alice' } }", { user: { subject: 'alice' } }],
  ["{ subject: 'alice', tenant: 7 }", { subject: 'alice', tenant: 7 }],
  ["{ subject: 'alice', issuer: null }", { subject: 'alice', issuer: null }],
  ["{ subject: 'alice', scopes: 'admin' }", { subject: 'alice', scopes: 'admin' }],
  ["{ subject: 'alice', scopes: [1] }", { subject: 'alice', scopes: [1] }],
  ["{ subject: 'alice', expiresAt: '2099' }", { subject: 'alice', expiresAt: '2099' }],
  ["{ subject: 'alice', expiresAt: NaN }", { subject: 'alice', expiresAt: Number.NaN }],
  ["{ subject: 'alice', claims: [] }", { subject: 'alice', claims: [] }],
  ['a row of a table', new Row()],
  ['an error that was returned', new Error('wrong password')],
  ['a function', () => ({ subject: 'alice' })],
  ['a symbol', Symbol('alice')],
  ['a map', new Map([['subject', 'alice']])],
];

for (const [name, answer] of NO_PRINCIPALS) {
  it(`D2: the verifier answers ${name}: 503 and a loud warning, never served, never counted`, async () => {
    using warnings = catchWarnings();
    for (const wrap of [(value: unknown) => value, async (value: unknown) => value]) {
      await using place = await openPlace(() => wrap(answer));
      for (let i = 0; i < 6; i += 1) expectOutage(await login(place, basic('alice', `${i}`)), name);
      expect(place.runs).to.equal(0);
    }
    expect(warnings.codes).to.deep.equal(Array(12).fill('MCP_GUARD_VERIFIER_ANSWER'));
    expect(warnings.texts.join()).not.to.include('alice');
  });
}

for (const answer of [null, false]) {
  it(`D2: the verifier answers ${answer}: a wrong credential, counted, and no warning`, async () => {
    using warnings = catchWarnings();
    await using place = await openPlace(() => answer);
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await login(place, basic('alice', `${i}`))).status);
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429]);
    expect(warnings.codes).to.deep.equal([]);
  });
}

for (const answer of [undefined, null, 0, '', 1, 'true', 'false', {}, [], new Error('no')]) {
  it(`D2: isActive answers ${JSON.stringify(answer)}: 503, never served`, async () => {
    for (const wrap of [(value: unknown) => value, async (value: unknown) => value]) {
      await using place = await openPlace(({ username }) => person(username), {
        isActive: () => wrap(answer) as boolean,
      });
      for (let i = 0; i < 2; i += 1) expectOutage(await login(place), 'isActive');
      expect(place.runs).to.equal(0);
    }
  });
}

it('D2: an expired principal is refused, and is no failed login', async () => {
  await using place = await openPlace(({ username }) => person(username, { expiresAt: 1 }));
  for (let i = 0; i < 8; i += 1) {
    const { status, code } = await login(place, basic('alice', `${i}`));
    expect([status, code]).to.deep.equal([401, 'invalid_credentials']);
  }
  expect(place.runs).to.equal(0);
});
