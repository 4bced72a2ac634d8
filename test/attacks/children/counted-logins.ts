// Serves logins whose failures are counted in Redis, until it is killed, or who started it is gone. Arguments: prefix, points, kind of client.
// Prints its port; `/verifications` tells how often its verifier has run.
import { mcpBasicAuth, mcpHandler, mcpLoginLimiter } from '../../../lib/index.js';
import { redisLoginStore } from '../../../lib/redis/index.js';
import { buildServer } from '../../support/mcp.js';
import { clientKind } from '../../support/redis-clients.js';
import { serveApp } from '../../support/serve.js';
import { person } from '../support/people.js';

const [, , prefix = '', points, kind = ''] = process.argv;
const { client } = await clientKind(kind).open();
// Thousands of calls at once on a busy machine: a late answer is no outage here.
const store = redisLoginStore({ client, prefix, timeoutMs: 20_000 });
let verifications = 0;

const { port } = await serveApp((app) => {
  app.get('/verifications', (_request, response) => void response.json(verifications));
  app.use(
    '/mcp',
    mcpLoginLimiter({ points: Number(points), store }),
    mcpBasicAuth({
      timeoutMs: 60_000,
      verifier: async ({ username, password }) => {
        verifications += 1;
        // As long as a password hash takes, so that attempts of all processes overlap.
        await new Promise((resolve) => setTimeout(resolve, 50));
        return password === 'right' ? person(username) : null;
      },
    }),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
});

const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(), 1000).unref();
console.log(JSON.stringify({ port }));
