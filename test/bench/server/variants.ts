import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import express, { type Express } from 'express';
import { mcpHandler } from 'express-mcp-guards';

import type { Setting } from '../setting.js';
import { bare, expressJson, fresh, hashesEveryTime, tokenVerifier } from './bare.js';
import { fastmcp } from './fastmcp.js';
import { bearerChain, type Chain, fullChain } from './guarded.js';
import { buildServer } from './mcp.js';
import { bareV2, guardedV2 } from './v2.js';

/** An app, or the port that something listens on by itself. */
export interface Served {
  readonly app: Express | number;
  readonly close?: (() => Promise<void>) | undefined;
}

export async function serve(setting: Setting): Promise<Served> {
  switch (setting.variant) {
    case 'bare':
      return { app: bare(setting) };
    case 'sdk-bearer':
      return { app: bare(setting, [requireBearerAuth({ verifier: tokenVerifier })]) };
    case 'naive':
      return { app: bare(setting, [await hashesEveryTime()]) };
    case 'fresh':
      return { app: fresh(setting) };
    case 'express-json':
      return { app: expressJson() };
    case 'fastmcp':
      return { app: await fastmcp(setting) };
    case 'bare-v2':
      return { app: await bareV2(setting) };
    case 'ours-bearer':
      return guarded(setting, bearerChain());
    case 'ours-full':
      return guarded(setting, await fullChain(setting));
    case 'ours-v2': {
      const chain = await fullChain(setting);
      return { app: guardedV2(setting, chain), close: chain.close };
    }
  }
}

function guarded({ answers, tools = 1 }: Setting, { guards, close }: Chain): Served {
  const createServer = () => buildServer(tools);
  const app = express();
  app.use('/mcp', ...guards, mcpHandler({ createServer, enableJsonResponse: answers === 'json' }));
  return { app, close };
}
