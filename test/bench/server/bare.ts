import { randomUUID } from 'node:crypto';

import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { hashPassword, verifyPassword } from 'express-mcp-guards/passwords';
import { Passport } from 'passport';
import { BasicStrategy } from 'passport-http';

import { PASSWORD, SCRYPT, type Setting } from '../setting.js';
import { buildServer } from './mcp.js';

const refusal = (code: number, message: string) => ({ jsonrpc: '2.0', error: { code, message }, id: null });

/** The wiring of the SDK's own examples: a `Map` of transports, behind `before`. */
export function bare({ answers, tools = 1 }: Setting, before: readonly RequestHandler[] = []): Express {
  const transports = new Map<string, StreamableHTTPServerTransport>();

  const begin = async (request: Request, response: Response): Promise<void> => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: answers === 'json',
      onsessioninitialized: (id) => {
        transports.set(id, transport);
      },
    });
    transport.onclose = () => {
      if (transport.sessionId) transports.delete(transport.sessionId);
    };
    await buildServer(tools).connect(transport);
    await transport.handleRequest(request, response, request.body);
  };

  const app = express();
  app.use('/mcp', ...before, express.json());
  app.all('/mcp', async (request, response) => {
    const id = request.headers['mcp-session-id'];
    const transport = typeof id === 'string' ? transports.get(id) : undefined;
    if (transport) await transport.handleRequest(request, response, request.body);
    else if (id) response.status(404).json(refusal(-32001, 'Session not found'));
    else if (isInitializeRequest(request.body)) await begin(request, response);
    else response.status(400).json(refusal(-32000, 'Bad Request: No valid session ID provided'));
  });
  return app;
}

/** A fresh server for every request: the SDK's stateless example. */
export function fresh({ answers, tools = 1 }: Setting): Express {
  const app = express();
  app.post('/mcp', express.json(), async (request, response) => {
    const server = buildServer(tools);
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: answers === 'json' });
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
    response.on('close', () => {
      transport.close();
      server.close();
    });
  });
  return app;
}

/** What Express and JSON cost without MCP: the same words, answered by a handler of two lines. */
export function expressJson(): Express {
  const app = express();
  app.post('/mcp', express.json(), ({ body }, response) => {
    const content = [{ type: 'text', text: body.params?.arguments?.text }];
    response.json({ result: { content }, jsonrpc: '2.0', id: body.id });
  });
  return app;
}

/** What `requireBearerAuth` and our own Bearer guard ask alike. */
export const tokenVerifier: OAuthTokenVerifier = {
  async verifyAccessToken(token) {
    const expiresAt = Math.floor(Date.now() / 1000) + 3600;
    return { token, clientId: 'bench', scopes: [], expiresAt, extra: { sub: token } };
  },
};

/** Passport asks for a password hash on every request. */
export async function hashesEveryTime(): Promise<RequestHandler> {
  const hash = await hashPassword(PASSWORD, SCRYPT);
  const passport = new Passport();
  passport.use(
    new BasicStrategy((username, password, done) => {
      verifyPassword(password, hash).then((isRight) => done(null, isRight && { username }), done);
    }),
  );
  return passport.authenticate('basic', { session: false });
}
