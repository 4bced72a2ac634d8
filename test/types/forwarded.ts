// Headers that clients bring for an upstream, on their way from the guard to a tool.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  type CreateServerContext,
  type CredentialVerifier,
  type ForwardedCredentials,
  type ForwardedCredentialsOptions,
  type ForwardedHeaders,
  mcpForwardedCredentials,
  mcpHandler,
} from 'express-mcp-guards';

const options: ForwardedCredentialsOptions = {
  headers: ['Authorization', 'X-Acme-Organization-Id'],
  required: ['Authorization'],
  upstream: ['https://api.acme.example'],
  secret: new Uint8Array(32),
  scheme: 'Basic',
  proofCache: false,
};
const verifier: CredentialVerifier<ForwardedHeaders> = {
  async verify(headers, { signal }) {
    const response = await fetch('https://api.acme.example/v1/me', { headers, signal });
    return response.ok ? { subject: await response.text() } : null;
  },
  isActive: ({ subject }) => subject !== 'mallory',
};

export const guards = [
  mcpForwardedCredentials({ headers: ['X-API-Key'] }),
  mcpForwardedCredentials(options),
  mcpForwardedCredentials({ ...options, identify: () => null, timeoutMs: 100, maxConcurrent: 2 }),
  mcpForwardedCredentials({ headers: ['X-API-Key'], identify: verifier }),
  // @ts-expect-error: no headers
  mcpForwardedCredentials({ required: ['X-API-Key'] }),
  // @ts-expect-error: origins are a list
  mcpForwardedCredentials({ headers: ['X-API-Key'], upstream: 'https://api.acme.example' }),
  // @ts-expect-error: undefined is no verdict
  mcpForwardedCredentials({ headers: ['X-API-Key'], identify: async () => undefined }),
];

/** What takes this serves whoever there is, over HTTP or not. */
export function build({ credentials }: Pick<CreateServerContext, 'principal' | 'credentials'>): McpServer {
  const server = new McpServer({ name: 'acme', version: '1.0.0' });
  server.registerTool('me', {}, async () => {
    const response: Response = await credentials.fetch(new URL('https://api.acme.example'), {
      method: 'POST',
    });
    return { content: [{ type: 'text', text: credentials.get('x-api-key') ?? (await response.text()) }] };
  });
  return server;
}
export const handler = mcpHandler({ createServer: build });

const own: ForwardedCredentials = { fetch: (url, init) => fetch(url, init), get: () => process.env.ACME_KEY };
build({ principal: { subject: 'local' }, credentials: own });
// @ts-expect-error: a URL, not a Request
own.fetch(new Request('https://api.acme.example'));
