import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import { McpGuardError, type McpGuardErrorCode } from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { as } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';

import { post, stateless } from '../support/stateless.js';

describe('without a session binding, createServer', () => {
  const shared = buildServer({ subject: 'all' });
  const failures: Readonly<Record<string, readonly [McpGuardErrorCode, () => unknown]>> = {
    'that throws': [
      'unavailable',
      () => {
        throw new Error('s3cret');
      },
    ],
    'that rejects': ['unavailable', async () => Promise.reject(new Error('s3cret'))],
    'that refuses by policy': ['forbidden', async () => Promise.reject(new McpGuardError('forbidden'))],
    'that answers nothing': ['unavailable', () => undefined],
    'that answers nonsense': ['unavailable', () => ({ connect: 1 })],
    'that answers the same server again': ['unavailable', () => shared],
  };
  for (const [title, [code, createServer]] of Object.entries(failures)) {
    it(`${title} is ${code}`, async () => {
      await using app = await stateless({ createServer: createServer as () => McpServer });
      if (title.endsWith('again')) expect((await post(app, initialize())).status).to.equal(200);
      expectRefusal(await post(app, initialize()), code);
      await until('the signal is aborted', () => app.contexts.every(({ signal }) => signal.aborted));
    });
  }

  it('that hangs is 503, its signal is aborted, and the server that comes late is closed', async () => {
    using timeouts = holdTimeouts(5000);
    const late = gate<McpServer>();
    await using app = await stateless({ createServer: () => late.opened });
    const reply = post(app, initialize());
    await until('it hangs', () => app.contexts.length === 1);
    timeouts.fire();
    expectRefusal(await reply, 'unavailable');
    await until('the signal is aborted', () => app.contexts[0]?.signal.aborted);
    let closed = 0;
    const server = buildServer({ subject: 'late' });
    server.close = async () => {
      closed += 1;
    };
    late.open(server);
    await until('it is closed', () => closed === 1);
  });

  it('has its signal aborted when the client leaves meanwhile', async () => {
    const late = gate<McpServer>();
    await using app = await stateless({ createServer: () => late.opened });
    const client = new AbortController();
    const gone = call(app.url, { headers: as('ann'), body: initialize(), signal: client.signal });
    const outcome = gone.catch(() => 'gone');
    await until('it hangs', () => app.contexts.length === 1);
    client.abort();
    expect(await outcome).to.equal('gone');
    await until('the signal is aborted', () => app.contexts[0]?.signal.aborted);
    let closed = 0;
    const server = buildServer({ subject: 'late' });
    server.server.onclose = () => {
      closed += 1;
    };
    late.open(server);
    await until('it is closed', () => closed === 1);
  });

  it('that is still at work when the handler has closed serves nobody', async () => {
    const late = gate<McpServer>();
    await using app = await stateless({ createServer: () => late.opened });
    const reply = post(app, initialize());
    await until('it is at work', () => app.contexts.length === 1);
    await app.mcp.close({ graceMs: 0 });
    expect(app.contexts[0]?.signal.aborted).to.equal(true);
    let closed = 0;
    const server = buildServer({ subject: 'late' });
    server.close = async () => {
      closed += 1;
    };
    late.open(server);
    expectRefusal(await reply, 'closing');
    await until('it is closed', () => closed === 1);
  });
});
