import express, { type Express } from 'express';
import type { Config } from './config.js';
import type { Database } from './db/database.js';
import { api } from './http/api.js';
import { notFound, sendError } from './http/errors.js';
import { actingCaller } from './mcp/acting-caller.js';
import { mcpEndpoint } from './mcp/endpoint.js';
import type { SharedStores } from './mcp/shared-stores.js';
import { serviceAccount } from './mcp/verifiers.js';
import { pageStore } from './pages/page-store.js';
import { pagesFrom } from './pages/pages.js';
import { sessionAudit } from './users/audit.js';
import { callersFrom } from './users/callers.js';
import { accessTokens } from './users/tokens.js';
import { userStore } from './users/user-store.js';

export interface Wiki {
  readonly app: Express;
  /**
   * Lets running calls finish for `graceMs`, then ends every MCP session; those in shared stores go on at another node.
   */
  close(graceMs: number): Promise<void>;
}

export type WikiConfig = Omit<Config, 'host' | 'port' | 'databaseUrl' | 'schema' | 'dataDir' | 'redis'>;

/** The whole application on one database: REST under `/api`, MCP under `/mcp`. Without `stores` it is the only node. */
export async function createWiki(
  config: WikiConfig,
  database: Database,
  stores?: SharedStores,
): Promise<Wiki> {
  const users = userStore(database);
  const tokens = accessTokens(config.secret, config.accessTokenSeconds);
  const callerOf = callersFrom(users, tokens);
  const pages = pagesFrom(pageStore(database));

  const mcp = mcpEndpoint({
    users,
    tokens,
    pages,
    audit: sessionAudit(database),
    secret: config.secret,
    callerFor: actingCaller(callerOf, tokens),
    allowedHosts: config.allowedHosts,
    mcpToken: config.mcpToken,
    stores,
    serviceAccount:
      config.serviceAccount === undefined ? undefined : await serviceAccount(users, config.serviceAccount),
  });

  const app = express();
  app.disable('x-powered-by');
  if (config.trustProxy !== undefined) app.set('trust proxy', config.trustProxy);
  app.use('/mcp', ...mcp.handlers);
  app.use('/api', api({ pages, users, tokens, callerOf, passwordLogin: mcp.passwordLogin }));
  app.use(notFound, sendError);
  return { app, close: mcp.close };
}
