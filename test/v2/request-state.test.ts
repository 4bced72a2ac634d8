import { inputRequired, McpServer } from '@modelcontextprotocol/server';
import { expect } from 'chai';

import { createRequestStateCodec } from '../../lib/v2/index.js';
import { call, type Reply } from '../support/call.js';
import { as } from '../support/guarded.js';
import { messagesOf } from '../support/session.js';
import { guardedV2, modern } from './support.js';

const key = 'k'.repeat(32);
const OTHER = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };

/** Asks for a name, and remembers between the rounds whom it has asked. */
function asking(bind?: () => string): McpServer {
  const codec = createRequestStateCodec<{ step: number }>({ key, ...(bind && { bind }) });
  const server = new McpServer({ name: 'test', version: '1' }, { requestState: { verify: codec.verify } });
  server.registerTool('ask', {}, async (context) => {
    const state = context.mcpReq.requestState<{ step: number }>();
    if (state) return { content: [{ type: 'text', text: `step ${state.step}` }] };
    return inputRequired({
      requestState: await codec.mint({ step: 2 }, context),
      inputRequests: {
        name: inputRequired.elicit({
          message: 'who?',
          requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
        }),
      },
    });
  });
  return server;
}

async function ask(url: URL, who: string, more: object = {}): Promise<Reply> {
  const request = modern(as(who), 'tools/call', { name: 'ask', arguments: {}, ...more });
  const body = request.body as { params: { _meta: object } };
  Object.assign(body.params._meta, OTHER);
  return call(url, request);
}

const resultOf = (reply: Reply): Record<string, unknown> => ({ ...messagesOf(reply)[0]?.result });

describe('createRequestStateCodec', () => {
  it('gives the state back to whom it was minted for, and to nobody else', async () => {
    await using app = await guardedV2({ createServer: () => asking() });
    const { requestState } = resultOf(await ask(app.url, 'ann'));
    expect(requestState).to.be.a('string');
    const answers = { requestState, inputResponses: { name: { action: 'accept', content: { name: 'x' } } } };
    const own = await ask(app.url, 'ann', answers);
    expect(own.text).to.include('step 2');
    const foreign = await ask(app.url, 'eve', answers);
    expect(foreign.text).to.not.include('step 2');
    expect(messagesOf(foreign)[0]?.error?.code).to.equal(-32602);
  });

  it('adds what the user binds it to', async () => {
    let round = 'one';
    await using app = await guardedV2({ createServer: () => asking(() => round) });
    const { requestState } = resultOf(await ask(app.url, 'ann'));
    const answers = { requestState, inputResponses: { name: { action: 'accept', content: { name: 'x' } } } };
    expect((await ask(app.url, 'ann', answers)).text).to.include('step 2');
    round = 'two';
    expect(messagesOf(await ask(app.url, 'ann', answers))[0]?.error?.code).to.equal(-32602);
  });

  it('binds to nobody where there is nobody', async () => {
    const codec = createRequestStateCodec({ key });
    const error = await codec.mint({}, {} as never).catch((reason: unknown) => reason);
    expect(String(error)).to.equal('Error: createRequestStateCodec: no principal to bind the state to');
  });

  it('refuses a short key', () => {
    expect(() => createRequestStateCodec({ key: 'short' })).to.throw(RangeError);
  });
});
