import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  CreateMessageRequestSchema,
  CreateMessageResultSchema,
  ElicitRequestSchema,
  ElicitResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';

import { currentPrincipal, type Principal } from '../../lib/index.js';
import { textOf } from '../support/client.js';
import { gate, until } from '../support/gate.js';
import { as, type Guarded, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';

const question = (text: string) => ({
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
  maxTokens: 10,
});

/** Adds tools that turn to the client: within the call, or beside it on the GET stream. */
function asking(principal: Principal): McpServer {
  const server = buildServer(principal);
  server.registerTool('sample', {}, async (extra) => {
    const request = { method: 'sampling/createMessage' as const, params: question(principal.subject) };
    const { content } = await extra.sendRequest(request, CreateMessageResultSchema);
    const [first] = [content].flat();
    const text = `${first?.type === 'text' ? first.text : ''}, ${currentPrincipal()?.subject}`;
    return { content: [{ type: 'text', text }] };
  });
  server.registerTool('sample-beside', {}, async () => {
    const { content } = await server.server.createMessage(question(principal.subject));
    const text = `${content.type === 'text' ? content.text : ''}, ${currentPrincipal()?.subject}`;
    return { content: [{ type: 'text', text }] };
  });
  server.registerTool('elicit', {}, async (extra) => {
    const requestedSchema = { type: 'object' as const, properties: { sure: { type: 'boolean' as const } } };
    const { action, content } = await extra.sendRequest(
      { method: 'elicitation/create', params: { mode: 'form', message: 'sure?', requestedSchema } },
      ElicitResultSchema,
    );
    return { content: [{ type: 'text', text: JSON.stringify({ action, content }) }] };
  });
  server.registerTool('count', {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken ?? '';
    for (const progress of [1, 2, 3]) {
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 3 },
      });
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  return server;
}

/** A client that answers sampling with its name, and says yes to everything. */
async function connectAs(app: Guarded, name: string): Promise<AsyncDisposable & { readonly client: Client }> {
  const client = new Client({ name, version: '1' }, { capabilities: { sampling: {}, elicitation: {} } });
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
    const [asked] = [params.messages[0]?.content].flat();
    const text = `${name} was asked ${asked?.type === 'text' ? asked.text : ''}`;
    return { model: 'm', role: 'assistant', content: { type: 'text', text } };
  });
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { sure: true } }));
  const opened = gate();
  const transport = new StreamableHTTPClientTransport(app.url, {
    requestInit: { headers: as(name) },
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      if (init?.method === 'GET') opened.open();
      return response;
    },
  });
  await client.connect(transport);
  await opened.opened;
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

describe('requests from the server to its client', () => {
  const createServer = ({ principal }: { principal: Principal }) => asking(principal);

  it('samples within a call', async () => {
    await using app = await guarded({ createServer });
    await using ann = await connectAs(app, 'ann');
    expect(await textOf(ann.client, 'sample')).to.equal('ann was asked ann, ann');
  });

  for (const enableJsonResponse of [false, true]) {
    it(`samples on the GET stream, with answers in ${enableJsonResponse ? 'JSON' : 'events'}`, async () => {
      await using app = await guarded({ createServer, handler: { enableJsonResponse } });
      await using ann = await connectAs(app, 'ann');
      expect(await textOf(ann.client, 'sample-beside')).to.equal('ann was asked ann, ann');
    });
  }

  it('elicits within a call', async () => {
    await using app = await guarded({ createServer });
    await using ann = await connectAs(app, 'ann');
    const answer = JSON.parse(await textOf(ann.client, 'elicit'));
    expect(answer).to.deep.equal({ action: 'accept', content: { sure: true } });
  });

  it('reports progress within a call', async () => {
    await using app = await guarded({ createServer });
    await using ann = await connectAs(app, 'ann');
    const seen: number[] = [];
    const params = { name: 'count', arguments: {} };
    const result = await ann.client.callTool(params, undefined, {
      onprogress: ({ progress }) => seen.push(progress),
    });
    expect(result.content).to.deep.equal([{ type: 'text', text: 'done' }]);
    expect(seen).to.deep.equal([1, 2, 3]);
  });

  it('asks each of two clients its own, however they overlap', async () => {
    await using app = await guarded({ createServer });
    await using ann = await connectAs(app, 'ann');
    await using ben = await connectAs(app, 'ben');
    const people = [ann, ben, ann, ben, ann, ben];
    const tools = ['sample', 'sample-beside'];
    const texts = await Promise.all(
      tools.flatMap((tool) => people.map(({ client }) => textOf(client, tool))),
    );
    const expected = tools.flatMap(() => people.map((person) => (person === ann ? 'ann' : 'ben')));
    expect(texts).to.deep.equal(expected.map((name) => `${name} was asked ${name}, ${name}`));
  });

  it('leaves a call unanswered that waits for a client that left, and ends it with the session', async () => {
    const aborted = gate();
    let asked = false;
    await using app = await guarded({
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        server.registerTool('wait', {}, async ({ signal, sendRequest }) => {
          signal.addEventListener('abort', () => aborted.open());
          asked = true;
          await sendRequest(
            { method: 'sampling/createMessage', params: question('?') },
            CreateMessageResultSchema,
          );
          return { content: [] };
        });
        return server;
      },
    });
    await using ann = await connectAs(app, 'ann');
    ann.client.setRequestHandler(CreateMessageRequestSchema, () => new Promise<never>(() => {}));
    const failed = ann.client.callTool({ name: 'wait', arguments: {} }).catch((error: Error) => error);
    await until('the tool has asked', () => asked);
    await ann.client.close();
    expect(await failed).to.be.instanceOf(Error);
    expect(await app.sessions.list()).to.have.length(1);
    await app.sessions.revoke({ subject: 'ann' });
    await aborted.opened;
    expect(await app.sessions.list()).to.deep.equal([]);
  });
});
