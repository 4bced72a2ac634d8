import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express, { type Express } from 'express';
import { z } from 'zod';

import {
  currentPrincipal,
  type McpHandler,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  type Principal,
  type SessionBinding,
} from '../../../lib/index.js';
import type { Counts, Login, Logout, NodeSetting } from '../node-setting.js';
import { openStores } from './stores.js';

export interface Chain {
  readonly app: Express;
  readonly sessions: SessionBinding;
  readonly mcp: McpHandler;
  counts(): Counts;
  /** Waits until its stores can be used. */
  ready(): Promise<void>;
  /** Lets go of what the stores stand on. */
  release(): void;
}

interface Heard {
  login(login: Login): void;
  logout(logout: Logout): void;
}

/** Limiter, Basic, sessions and tools, as a node of many mounts them. */
export function buildChain(setting: NodeSetting, heard: Heard): Chain {
  const verified: Record<string, number> = {};
  const wrong: Record<string, number> = {};
  const ran: Record<string, number> = {};
  let made = 0;
  let live = 0;
  const stores = openStores(setting);
  const count = (counts: Record<string, number>, key: string): void => {
    counts[key] = (counts[key] ?? 0) + 1;
  };
  const login = ({ subject, token }: Principal, sessionId: string): Login => ({ sessionId, subject, token });

  function createServer({ principal }: { readonly principal: Principal }): McpServer {
    const server = new McpServer({ name: setting.name, version: '1' });
    made += 1;
    live += 1;
    server.server.onclose = () => {
      live -= 1;
    };
    const tool = (name: string, run: () => string): void => {
      server.registerTool(name, {}, () => {
        count(ran, name);
        return { content: [{ type: 'text', text: run() }] };
      });
    };
    tool('whoami', () => `${principal.subject}, ${currentPrincipal()?.subject}, at ${setting.name}`);
    tool('token', () => digest(currentPrincipal()?.token));
    server.registerTool('slow', { inputSchema: { ms: z.number() } }, async ({ ms }) => {
      count(ran, 'slow');
      await wait(ms);
      return { content: [{ type: 'text', text: 'done' }] };
    });
    return server;
  }

  const sessions = mcpSessionBinding({ ...setting.binding, ...stores.sessions });
  const mcp = mcpHandler({ ...setting.handler, createServer, onError: () => {} });
  const app = express();
  app.set('env', 'test');
  // Tests call from any address.
  app.set('trust proxy', 'loopback');
  app.use(
    '/mcp',
    mcpLoginLimiter({ ...setting.limiter, ...stores.logins }),
    mcpBasicAuth({
      ...(setting.proofSeconds && { proofCache: { ttlSeconds: setting.proofSeconds } }),
      verifier: {
        async verify({ username, password }) {
          count(verified, username);
          if (setting.verifyMs) await wait(setting.verifyMs);
          if ((setting.users[username] ?? setting.users['*']) === password) return { subject: username };
          count(wrong, username);
          return null;
        },
        startSession(principal, { sessionId }) {
          const enriched = { ...principal, token: randomBytes(24).toString('base64url') };
          heard.login(login(enriched, sessionId));
          return enriched;
        },
        endSession(principal, { sessionId, reason }) {
          heard.logout({ ...login(principal, sessionId), reason });
        },
      },
    }),
    sessions,
    mcp,
  );
  return {
    app,
    sessions,
    mcp,
    counts() {
      const { user, system } = process.cpuUsage();
      return { verified, wrong, ran, made, live, cpuMs: (user + system) / 1000 };
    },
    ready: stores.ready,
    release: stores.release,
  };
}

/** What the tool `token` answers for a token: the token itself is nothing for a client. */
export const digest = (token: string | undefined): string =>
  token === undefined ? 'none' : createHash('sha256').update(token).digest('hex');
