import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { z } from 'zod';
import { type Organization, ROLES, type Role, type User } from './accounts.js';
import type { DemoData } from './demo-data.js';

/** Names the organisation that a request is about. Without it: the user's home organisation. */
export const ORGANIZATION_HEADER = 'X-Acme-Organization-Id';

/** What a client is told of a refusal. */
class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Caller {
  readonly user: User;
  readonly organization: Organization;
  readonly role: Role;
}

const newProject = z.strictObject({ name: z.string().trim().min(1).max(100) });

/** The vendor's REST API, as it was before there was MCP: it knows keys, organisations and roles. */
export function createApi({ accounts, projects }: DemoData): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use('/v1', (request, response, next) => {
    response.locals.caller = callerOf(request);
    next();
  });

  app.get('/v1/me', (_request, response) => {
    const { user, organization, role } = callerIn(response);
    response.json({ id: user.id, name: user.name, organization, role });
  });
  app.get('/v1/projects', (_request, response) => {
    response.json({ projects: projects.list(callerIn(response).organization.id) });
  });
  app.post('/v1/projects', express.json(), (request, response) => {
    const { user, organization } = atLeast('editor', response);
    const { success, data } = newProject.safeParse(request.body);
    if (!success) throw new ApiError(400, 'invalid', 'A project has a name of 1 to 100 characters');
    response.status(201).json(projects.create(organization.id, data.name, user.id));
  });
  app.delete('/v1/projects/:id', (request, response) => {
    const { organization } = atLeast('admin', response);
    if (!projects.delete(organization.id, request.params.id)) {
      throw new ApiError(404, 'not_found', 'There is no such project');
    }
    response.status(204).end();
  });
  app.use(() => {
    throw new ApiError(404, 'not_found', 'There is nothing here');
  }, sendError);
  return app;

  function callerOf(request: Request): Caller {
    const user = userOf(request.get('authorization') ?? '');
    if (!user) throw new ApiError(401, 'unauthenticated', 'The API key is missing or wrong');
    const [home = ''] = user.roles.keys();
    const organization = accounts.organization(request.get(ORGANIZATION_HEADER) ?? home);
    const role = organization && user.roles.get(organization.id);
    if (!organization || !role) {
      throw new ApiError(403, 'not_a_member', 'The key is of nobody in that organization');
    }
    return { user, organization, role };
  }

  function userOf(authorization: string): User | undefined {
    const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
    const [keyId = '', secret = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(/:(.*)/s);
    return accounts.userOf(keyId, secret);
  }
}

const callerIn = ({ locals }: Response): Caller => locals.caller as Caller;

function atLeast(needed: Role, response: Response): Caller {
  const caller = callerIn(response);
  if (ROLES.indexOf(caller.role) < ROLES.indexOf(needed)) {
    throw new ApiError(403, 'forbidden', `This needs the role ${needed}; you are ${caller.role}`);
  }
  return caller;
}

const sendError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  if (error instanceof ApiError) {
    if (error.status === 401) response.set('WWW-Authenticate', 'Basic realm="acme"');
    response.status(error.status).json({ error: error.code, message: error.message });
    return;
  }
  const status = (error as { status?: unknown } | null)?.status;
  const isClients = typeof status === 'number' && status >= 400 && status < 500;
  if (!isClients) console.error('request failed:', error);
  response
    .status(isClients ? status : 500)
    .json(
      isClients
        ? { error: 'invalid', message: 'The request cannot be read' }
        : { error: 'internal', message: 'The API cannot do this right now' },
    );
};
