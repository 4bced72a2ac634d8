// Serves until SIGTERM, then shuts down as the documentation says. Prints its port, and a line when it has shut down.
import { mcpBasicAuth, mcpHandler, mcpSessionBinding } from '../../../lib/index.js';
import { buildServer } from '../../support/mcp.js';
import { serve } from '../../support/serve.js';
import { person } from '../support/people.js';

let undone = 0;
const sessions = mcpSessionBinding({ maxSessionsPerPrincipal: 10_000 });
const mcp = mcpHandler({ createServer: ({ principal }) => buildServer(principal) });
const { server, port } = await serve(
  mcpBasicAuth({
    verifier: {
      verify: ({ username, password }) => (password === 'right' ? person(username) : null),
      startSession: () => {},
      endSession: (_principal, { reason }) => {
        if (reason === 'shutdown') undone += 1;
      },
    },
  }),
  sessions,
  mcp,
);

process.once('SIGTERM', async () => {
  await mcp.close({ graceMs: 2000 });
  server.close();
  server.closeIdleConnections();
  console.log(JSON.stringify({ undone, left: (await sessions.list()).length }));
});
console.log(JSON.stringify({ port }));
