import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import type { RequestHandler } from 'express';

import { call, toolCall } from '../support/call.js';
import { connect, textOf } from '../support/client.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer, type Seen } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { begin } from '../support/session.js';

/** Notes each request as `METHOD status`. */
function log(): { readonly lines: string[]; readonly guard: RequestHandler } {
  const lines: string[] = [];
  return {
    lines,
    guard: (request, response, next) => {
      response.once('close', () => lines.push(`${request.method} ${response.statusCode}`));
      next();
    },
  };
}

for (const enableJsonResponse of [false, true]) {
  describe(`Streamable HTTP, answers in ${enableJsonResponse ? 'JSON' : 'events'}`, () => {
    const handler = { enableJsonResponse };

    it("serves the SDK's client from connecting to the end", async () => {
      const { lines, guard } = log();
      let closed = 0;
      await using app = await guarded({
        before: [guard],
        handler,
        createServer: ({ principal }) => {
          const server = buildServer(principal);
          server.server.onclose = () => {
            closed += 1;
          };
          return server;
        },
      });
      await using connected = await connect(app.url, as('ann'));
      const { client, transport } = connected;
      expect(client.getServerVersion()).to.deep.equal({ name: 'test', version: '1' });
      expect((await client.listTools()).tools.map(({ name }) => name)).to.deep.equal(['whoami', 'echo']);
      expect(await textOf(client, 'echo', { text: 'häl\n☃' })).to.equal('häl\n☃');
      const seen = JSON.parse(await textOf(client, 'whoami')) as Seen;
      expect(seen).to.include({ created: 'ann', current: 'ann', subject: 'ann', token: '' });
      const [record] = await app.sessions.list();
      expect(record?.id).to.equal(transport.sessionId);
      await transport.terminateSession();
      await client.close();
      await until('all is closed', () => closed === 1 && lines.length === 7);
      expect(await app.sessions.list()).to.deep.equal([]);
      const posts = ['POST 200', 'POST 202', 'POST 200', 'POST 200', 'POST 200'];
      expect([...lines].sort()).to.deep.equal([...posts, 'DELETE 200', 'GET 200'].sort());
    });

    it('hides from tools the headers that carry secrets', async () => {
      await using app = await guarded({ handler });
      const secrets = { cookie: 'a=b', 'proxy-authorization': 'x', 'x-mcp-token': 'x', 'x-other': 'y' };
      await using connected = await connect(app.url, { ...as('ann'), ...secrets });
      const { headers } = JSON.parse(await textOf(connected.client, 'whoami')) as Seen;
      expect(headers).to.include('x-other');
      for (const name of [
        'authorization',
        'cookie',
        'proxy-authorization',
        'x-mcp-token',
        'mcp-session-id',
      ]) {
        expect(headers).to.not.include(name);
      }
    });

    it('sends logging on the GET stream', async () => {
      const { lines, guard } = log();
      const servers: ReturnType<typeof buildServer>[] = [];
      await using app = await guarded({
        before: [guard],
        handler,
        createServer: ({ principal }) => {
          const server = buildServer(principal);
          servers.push(server);
          return server;
        },
      });
      const session = await begin(app.url, as('ann'));
      const stream = await session.listen();
      expect(stream.response.headers).to.include({
        'content-type': 'text/event-stream',
        'mcp-session-id': session.id,
      });
      await servers[0]?.sendLoggingMessage({ level: 'info', data: 'hello' });
      const message = await stream.message(
        'the log line is there',
        ({ method }) => method === 'notifications/message',
      );
      expect(LoggingMessageNotificationSchema.parse(message).params).to.deep.equal({
        level: 'info',
        data: 'hello',
      });
      stream.drop();
      await until('the stream is closed', () => lines.includes('GET 200'));
      const second = await session.listen();
      expect(second.response.statusCode).to.equal(200);
    });

    it('refuses a second GET stream with 409, and the first goes on', async () => {
      const servers: ReturnType<typeof buildServer>[] = [];
      await using app = await guarded({
        handler,
        createServer: ({ principal }) => {
          const server = buildServer(principal);
          servers.push(server);
          return server;
        },
      });
      const session = await begin(app.url, as('ann'));
      const first = await session.listen();
      const second = await call(app.url, { method: 'GET', headers: session.headers });
      expect(second.status).to.equal(409);
      await servers[0]?.sendLoggingMessage({ level: 'info', data: 'still here' });
      await first.message('the first hears', ({ method }) => method === 'notifications/message');
      expect(first.isEnded).to.equal(false);
    });

    it('ends the GET stream, the calls and the session at DELETE', async () => {
      const running = gate();
      let isRunning = false;
      await using app = await guarded({
        handler,
        createServer: ({ principal }) =>
          buildServer(principal, () => {
            isRunning = true;
            return running.opened;
          }),
      });
      const session = await begin(app.url, as('ann'));
      const stream = await session.listen();
      const pending = session.send(toolCall('whoami'));
      await until('the tool runs', () => isRunning);
      expect((await session.delete()).status).to.equal(200);
      expect(await stream.ended).to.equal('end');
      expect((await pending).text).to.not.include('created');
      expectRefusal(await session.delete(), 'session_not_found');
      running.open();
    });
  });
}
