import express, { type Express } from 'express';
import type { Config } from './config.js';
import { type McpEndpoint, mcpEndpoint } from './mcp/endpoint.js';
import { Notes } from './notes/notes.js';
import { Users } from './notes/users.js';

export interface NotesApp {
  readonly app: Express;
  readonly notes: Notes;
  readonly users: Users;
  readonly mcp: McpEndpoint;
}

export type NotesAppConfig = Pick<Config, 'secret' | 'allowedHosts' | 'trustProxy'>;

export function createNotesApp({ secret, allowedHosts, trustProxy }: NotesAppConfig): NotesApp {
  const notes = new Notes();
  const users = new Users();
  const mcp = mcpEndpoint({ notes, users, secret, allowedHosts });
  const app = express();
  app.disable('x-powered-by');
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
  app.use('/mcp', ...mcp.handlers);
  return { app, notes, users, mcp };
}
