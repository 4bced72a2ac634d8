import { expect } from 'chai';

import { mcpForwardedCredentials } from '../../lib/index.js';
import { basic, type Reply } from '../support/call.js';
import { serveApp } from '../support/serve.js';
import { type Caller, type Credentials, WAYS, WHOAMI, witnessOf } from './support/ways.js';

const ann: Credentials = { authorization: basic('ann', 'right') };
const token = (text: string): Credentials => ({ authorization: `Bearer ${text}` });

const STRANGERS: readonly [string, Credentials][] = [
  ['another user', { authorization: basic('eve', 'right') }],
  ['another user by token', token('eve')],
  ['the same name of another issuer', token('ann.idp')],
  ['the same name in another tenant', token('ann.idp.north')],
];

const NOBODIES: readonly [string, Credentials, string][] = [
  ['nobody', {}, 'missing_credentials'],
  ['a wrong password', { authorization: basic('ann', 'wrong') }, 'invalid_credentials'],
  ['an unusable credential', { authorization: 'Basic ann' }, 'malformed_credentials'],
  ['another scheme', { authorization: 'Token ann' }, 'malformed_credentials'],
];

const MESSAGES: readonly [string, object][] = [
  ['a request', WHOAMI(8)],
  ['a notification', { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 3 } }],
  ['a response', { jsonrpc: '2.0', id: 3, result: {} }],
];

/** What makes two refusals one: status, body, and headers but for the date. */
const faceOf = ({ status, text, headers: { date, ...headers } }: Reply): string =>
  JSON.stringify([status, text, headers, Boolean(date)]);

for (const way of WAYS) {
  describe(`by ${way.name}`, () => {
    it('W6 W7 the credential is proven on every request, and a session id is none', async () => {
      await using app = await way.start();
      const caller = await app.open(ann);
      for (const [who, credentials, code] of NOBODIES) {
        for (const [what, message] of MESSAGES) {
          if (!way.hasSessions && what !== 'a request') continue;
          const { reply } = await caller.send(message, { credentials });
          expect([reply.status, reply.code], `${what} of ${who}`).to.deep.equal([401, code]);
        }
        for (const reply of await caller.others(credentials)) expect(reply.code, who).to.equal(code);
      }
      expect(app.ran).to.deep.equal([]);
      expect(witnessOf(await caller.send(WHOAMI()))).to.include({
        created: 'ann',
        current: 'ann',
        subject: 'ann',
      });
    });

    it('A2 W7 W10 nobody is served in the session of another, and learns not that it exists', async () => {
      await using app = await way.start();
      const caller = await app.open(ann);
      for (const [who, credentials] of STRANGERS) {
        if (!way.hasSessions) {
          // Whoever sends whichever session id is served as who he is.
          const witness = witnessOf(await caller.send(WHOAMI(), { credentials, id: 'A'.repeat(43) }));
          const name = who === 'another user' || who.includes('token') ? 'eve' : 'ann';
          expect(witness, who).to.include({ created: name, current: name, subject: name });
          continue;
        }
        for (const [what, message] of MESSAGES) {
          const foreign = await caller.send(message, { credentials });
          const unknown = await caller.send(message, { credentials, id: 'A'.repeat(43) });
          const strange = await caller.send(message, { credentials, id: 'constructor' });
          expect([foreign.reply.status, foreign.reply.code], `${what} of ${who}`).to.deep.equal([
            404,
            'session_not_found',
          ]);
          expect(faceOf(unknown.reply), what).to.equal(faceOf(foreign.reply));
          expect(faceOf(strange.reply), what).to.equal(faceOf(foreign.reply));
        }
        for (const reply of await caller.others(credentials))
          expect(reply.code, who).to.equal('session_not_found');
      }
      if (way.hasSessions) expect(app.ran).to.deep.equal([]);
      expect(witnessOf(await caller.send(WHOAMI()))).to.include({ current: 'ann' });
    });

    it('A5 what has been revoked is not found any more, and its stream has closed', async () => {
      await using app = await way.start();
      const caller = await app.open(ann);
      expect(await app.sessions.revoke({ subject: 'ann' })).to.equal(way.hasSessions ? 1 : 0);
      if (!way.hasSessions) return;
      if (caller.stream) expect(await caller.stream.ended).to.equal('end');
      const { reply } = await caller.send(WHOAMI(), { id: String(caller.id) });
      expect(reply.code).to.equal('session_not_found');
      expect(app.ran).to.deep.equal([]);
    });

    it('W12 the principal and the token of this very request reach the tool', async () => {
      await using app = await way.start();
      const caller = await app.open(token('ann~1'));
      for (const text of ['ann~1', 'ann~2', 'ann~3']) {
        const witness = witnessOf(await caller.send(WHOAMI(), { credentials: token(text) }));
        expect(witness).to.include({ created: 'ann', current: 'ann', subject: 'ann', token: text });
      }
    });

    it('F1 W28 tools see no header that holds a secret', async () => {
      await using app = await way.start();
      const caller = await app.open(ann);
      const credentials = { ...ann, cookie: 'c', 'x-mcp-token': 't', 'proxy-authorization': 'p' };
      const { headers } = witnessOf(await caller.send(WHOAMI(), { credentials }));
      expect(headers).to.include('accept');
      for (const name of [...Object.keys(credentials), 'mcp-session-id'])
        expect(headers).to.not.include(name);
    });

    it('W29 F1 the keys of a client go to their upstream alone, and show nowhere', async () => {
      await using vendor = await serveApp((app) => {
        app.use((request, response) => response.send(`data of ${request.get('x-api-key')}`));
      });
      const origin = `http://127.0.0.1:${vendor.port}`;
      const keys = ['key-of-ann-canary', 'key-of-ben-canary'] as const;
      const bring = (key: string, upstream = origin): Credentials => ({
        'x-api-key': key,
        'x-upstream': upstream,
      });
      await using app = await way.start(
        mcpForwardedCredentials({
          headers: ['x-api-key', 'x-upstream'],
          upstream: [origin],
          identify: ({ 'x-api-key': key }) =>
            key?.startsWith('key-of-') ? { subject: key.slice(7, 10) } : null,
        }),
      );
      const callers = await Promise.all(keys.map((key) => app.open(bring(key))));
      const seen = await Promise.all(
        Array.from({ length: 40 }, async (_, n) =>
          witnessOf(await (callers[n % 2] as Caller).send(WHOAMI(100 + n))),
        ),
      );
      for (const [n, witness] of seen.entries()) {
        const key = keys[n % 2];
        expect(witness).to.include({ current: key?.slice(7, 10), key, upstream: `data of ${key}` });
        expect(witness.looks).to.not.include('canary');
        expect(witness.headers).to.not.include('x-api-key');
        if (callers[n % 2]?.id)
          expect(witness.looks.replaceAll(/sessionId: '[^']*'/g, '')).to.not.include(callers[n % 2]?.id);
      }
      // The same person with another key: the tool uses what this request brought.
      const rotated = 'key-of-ann-rotated';
      const witness = witnessOf(
        await (callers[0] as Caller).send(WHOAMI(900), { credentials: bring(rotated) }),
      );
      expect(witness).to.include({ key: rotated, upstream: `data of ${rotated}` });
      // Nowhere else, wherever a tool is told to send it.
      const elsewhere = await (callers[0] as Caller).send(WHOAMI(901), {
        credentials: bring(keys[0], origin.replace('127.0.0.1', 'localhost')),
      });
      expect(JSON.stringify(elsewhere.answer)).to.include('isError').and.not.include('canary');
    });

    it('A9 the same JSON-RPC id from 1,000 clients at once reaches each its own', async () => {
      await using app = await way.start();
      const names = Array.from({ length: 1000 }, (_, n) => `user${n}`);
      const witnesses: string[] = [];
      // In lots, so that the machine has sockets enough; within a lot all are open at once.
      for (let start = 0; start < names.length; start += 250) {
        const lot = names.slice(start, start + 250);
        const callers = await Promise.all(lot.map((name) => app.open(token(name))));
        const outcomes = await Promise.all(callers.map((caller) => caller.send(WHOAMI(77))));
        for (const one of outcomes) {
          const { created, current, subject } = witnessOf(one);
          expect([current, subject]).to.deep.equal([created, created]);
          witnesses.push(created);
        }
        for (const { stream } of callers) stream?.drop();
      }
      expect(witnesses).to.deep.equal(names);
    }).timeout(60_000);
  });
}
