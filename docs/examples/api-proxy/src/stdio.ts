import { forwardedCredentials, isGuardError, serveStdio } from 'express-mcp-guards';
import { headersOf } from './api-key.js';
import { InvalidConfig, readStdioConfig, type StdioConfig } from './config.js';
import { serverMaker } from './mcp/create-server.js';
import { identifyAt } from './mcp/identify.js';

// Standard output belongs to the protocol: all that is to be said goes to standard error.
try {
  await start(readStdioConfig(process.env));
} catch (error) {
  console.error(error instanceof InvalidConfig ? `The server cannot start: ${error.message}` : error);
  process.exitCode = 1;
}

/** The same server as over HTTP, for the one person whose key the environment holds. Ends with its input. */
async function start({ apiUrl, organization, ...key }: StdioConfig): Promise<void> {
  const headers = headersOf(key, organization);
  await serveStdio({
    createServer: serverMaker(apiUrl),
    principal: await whoHas(headers, apiUrl),
    credentials: forwardedCredentials({ headers, upstream: [apiUrl] }),
    onError: (error) => console.error('MCP server failed:', error),
  });
}

async function whoHas(headers: Record<string, string>, apiUrl: string) {
  try {
    const principal = await identifyAt(apiUrl)(headers, { signal: AbortSignal.timeout(10_000) });
    if (principal) return principal;
  } catch (error) {
    if (isGuardError(error)) throw new InvalidConfig('ACME_ORGANIZATION_ID: the key is of nobody there');
    throw error;
  }
  throw new InvalidConfig('ACME_KEY_ID and ACME_KEY_SECRET: the API does not know this key');
}
