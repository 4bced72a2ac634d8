import { expect } from 'chai';
import { eraOf, KINDS, startNotes, until } from './support/running.js';

const MODERN = '2026-07-28';

/** A request in the form of 2026-07-28. */
function modern(token: string, method: string, params: Record<string, unknown>) {
  const headers = {
    Authorization: `Bearer ${token}`,
    'MCP-Protocol-Version': MODERN,
    'Mcp-Method': method,
    ...(typeof params.name === 'string' && { 'Mcp-Name': params.name }),
  };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  };
  return [headers, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }] as const;
}

/** The JSON-RPC answer, from a stream or from JSON. */
async function answerIn(response: Response): Promise<{ result?: Record<string, unknown>; error?: object }> {
  const text = await response.text();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
}

describe('the notes', () => {
  it('serve each client as its own person, of either era, all of them at once', async () => {
    const app = await startNotes();
    const people = ['ada', 'bob'];
    const clients = await Promise.all(
      KINDS.flatMap((kind) => people.map(async (id) => ({ kind, id, person: await app.connect(kind, id) }))),
    );
    const seen = await Promise.all(
      Array.from({ length: 10 }, () => clients)
        .flat()
        .map(async ({ kind, id, person }) => {
          const { data } = await person.call('whoami');
          return [kind, id, data.era, String(data.name).toLowerCase()];
        }),
    );
    for (const [kind, id, era, name] of seen)
      expect([era, name]).to.deep.equal([eraOf(kind as (typeof KINDS)[number]), id]);
    await Promise.all(
      clients.map(({ kind, id, person }) => person.call('write_note', { text: `${id} by ${kind}` })),
    );
    for (const { id, person } of clients) {
      const notes = (await person.call('list_notes')).data.notes as { text: string }[];
      expect(notes.map(({ text }) => text).sort()).to.deep.equal(
        KINDS.map((kind) => `${id} by ${kind}`).sort(),
      );
    }
    // Only clients of the 2025 era have sessions.
    expect(await app.mcp.sessions.list()).to.have.length(4);
  });

  for (const kind of KINDS) {
    it(`ask before they delete (${kind})`, async () => {
      const app = await startNotes();
      const ada = await app.connect(kind, 'ada');
      const { id } = (await ada.call('write_note', { text: 'milk' })).data;
      ada.says = 'no';
      expect((await ada.call('delete_note', { id })).text).to.include('nothing was deleted');
      ada.says = 'yes';
      expect((await ada.call('delete_note', { id })).data).to.deep.equal({ deleted: id });
      expect(ada.questions).to.deep.equal(['Delete "milk"?', 'Delete "milk"?']);
      expect(app.notes.list('ada')).to.deep.equal([]);
    });

    it(`keep a note to its owner (${kind})`, async () => {
      const app = await startNotes();
      const [ada, bob] = [await app.connect(kind, 'ada'), await app.connect(kind, 'bob')];
      const { id, uri } = (await ada.call('write_note', { text: 'milk' })).data;
      expect(await ada.read(String(uri))).to.equal('milk');
      const error = await bob.read(String(uri)).catch((reason: unknown) => reason);
      expect(String(error)).to.match(/not found/i);
      expect(await bob.call('delete_note', { id })).to.include({
        isError: true,
        text: 'There is no such note',
      });
      expect(bob.questions).to.deep.equal([]);
      expect((await bob.call('write_note', { id, text: 'beer' })).isError).to.equal(true);
      expect(app.notes.find('ada', String(id))?.text).to.equal('milk');
    });
  }

  it('delete what was confirmed, by whom it was confirmed, or nothing', async () => {
    const app = await startNotes();
    const [ada, bob] = [await app.token('ada'), await app.token('bob')];
    const [milk, tea] = ['milk', 'tea'].map((text) => app.notes.write('ada', text)?.id ?? '');
    app.notes.write('bob', 'beer');
    const call = async (token: string, id: unknown, more: object = {}) =>
      answerIn(
        await app.post(...modern(token, 'tools/call', { name: 'delete_note', arguments: { id }, ...more })),
      );
    const inputResponses = { confirmation: { action: 'accept', content: { confirm: true } } };
    const { requestState } = (await call(ada, milk)).result ?? {};
    expect(requestState).to.be.a('string');
    const foreign = await call(bob, milk, { requestState, inputResponses });
    expect(foreign.error).to.deep.include({ code: -32602 });
    const forged = await call(ada, milk, { requestState: `${requestState}x`, inputResponses });
    expect(forged.error).to.deep.include({ code: -32602 });
    // The id of the second round is not what was asked about.
    const other = await call(ada, tea, { requestState, inputResponses });
    expect(other.result?.structuredContent).to.deep.equal({ deleted: milk });
    expect(app.notes.list('ada').map(({ id }) => id)).to.deep.equal([tea]);
    const asked = (await call(ada, tea)).result ?? {};
    app.notes.write('ada', 'green tea', tea);
    const late = await call(ada, tea, { requestState: asked.requestState, inputResponses });
    expect(late.result?.isError).to.equal(true);
    expect(app.notes.list('ada')).to.have.length(1);
  });

  it('tell of changes whom they concern, and nobody else, whatever they subscribe to', async () => {
    const app = await startNotes();
    const milk = app.notes.write('ada', 'milk')?.id ?? '';
    const beer = app.notes.write('bob', 'beer')?.id ?? '';
    const [adas, bobs] = [`note://ada/${milk}`, `note://bob/${beer}`];
    const [ada, bob] = [await app.subscribe('ada', [adas, bobs]), await app.subscribe('bob', [adas, bobs])];
    // By whichever way it changes, and in either era.
    const old = await app.connect('v1', 'ada');
    await old.call('write_note', { id: milk, text: 'oat milk' });
    app.notes.write('bob', 'ale', beer);
    await until('both have heard', () => ada.heard.length > 0 && bob.heard.length > 0);
    expect([ada.heard, bob.heard]).to.deep.equal([[adas], [bobs]]);
  });

  it('end the streams of who is disabled, of who is revoked, and of whose token is over', async () => {
    const app = await startNotes();
    const uri = ['note://ada/x'];
    const revoked = await app.subscribe('ada', uri);
    const other = await app.subscribe('bob', uri);
    expect(await app.mcp.sessions.list({ subject: 'ada' })).to.have.length(1);
    expect(await app.mcp.sessions.revoke({ subject: 'ada' })).to.equal(1);
    expect(await revoked.closed).to.equal('remote');
    const brief = await app.subscribe('ada', uri, 2);
    expect(await brief.closed).to.equal('remote');

    const disabled = await app.subscribe('ada', uri);
    app.users.disable('ada');
    // Found out by her next request; without one, within 30 seconds.
    const response = await app.post(...modern(await app.token('ada'), 'tools/list', {}));
    expect(response.status).to.equal(401);
    expect(await disabled.closed).to.equal('remote');
    expect(await app.mcp.sessions.list()).to.have.length(1);
    await app.mcp.close(0);
    expect(await other.closed).to.equal('graceful');
  });

  it('refuse who brings no token, a wrong one, or the session of somebody else', async () => {
    const app = await startNotes();
    const initialize = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    };
    const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
    const bearer = async (id: string) => ({ Authorization: `Bearer ${await app.token(id)}` });
    expect((await app.post({}, initialize)).status).to.equal(401);
    const [headers, message] = modern('x.y.z', 'tools/list', {});
    expect((await app.post(headers, message)).status).to.equal(401);
    const begun = await app.post(await bearer('ada'), initialize);
    const session = { 'Mcp-Session-Id': begun.headers.get('mcp-session-id') ?? '' };
    expect((await app.post({ ...(await bearer('bob')), ...session }, list)).status).to.equal(404);
    // A request of 2026-07-28 is nobody's session, whatever it carries.
    const [modernHeaders, discover] = modern(await app.token('bob'), 'tools/call', {
      name: 'whoami',
      arguments: {},
    });
    const { result } = await answerIn(await app.post({ ...modernHeaders, ...session }, discover));
    expect(result?.structuredContent).to.deep.equal({ name: 'Bob', era: 'modern' });
  });

  it('answer to their own names alone, and want TLS', async () => {
    const named = await startNotes({ allowedHosts: ['notes.example'] });
    expect((await named.post({}, {})).status).to.equal(403);
    const proxied = await startNotes();
    expect((await proxied.post({ 'X-Forwarded-For': '192.0.2.1' }, {})).status).to.equal(403);
  });
});
