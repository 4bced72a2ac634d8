import type { RequestHandler } from 'express';

import {
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
  mcpTlsGuard,
  mcpTokenGuard,
} from '../../lib/index.js';
import { type McpHandler, mcpHandler as mcpHandlerV2 } from '../../lib/v2/index.js';
import { basic } from '../support/call.js';
import { eventStore } from '../support/event-store.js';
import { buildV1Server } from './v1.js';
import { buildV2Server } from './v2.js';

const MCP_TOKEN = 'shared-by-all';
const PASSWORD = 'right';
const PERSON = { subject: 'ann' };
const verified = (isRight: boolean) => (isRight ? PERSON : null);
const isActive = ({ subject }: { readonly subject: string }): boolean => subject === PERSON.subject;

const HANDLERS = {
  v1: () => mcpHandler({ createServer: buildV1Server, eventStore: eventStore(true) }),
  v2: () => {
    const handler: McpHandler = mcpHandlerV2({
      createServer: () => buildV2Server(() => handler.notify),
      eventStore: eventStore(true),
    });
    return handler;
  },
} as const;

export type Generation = keyof typeof HANDLERS;
export const isGeneration = (name: string | undefined): name is Generation =>
  name !== undefined && Object.hasOwn(HANDLERS, name);

/** All guards that an app could mount, with their defaults, and the handler of that generation of the SDK. */
export function chain(generation: Generation): readonly RequestHandler[] {
  return [
    mcpOriginGuard(),
    mcpTlsGuard(),
    mcpLoginLimiter(),
    mcpTokenGuard({ token: MCP_TOKEN }),
    mcpBearerAuth({ verifier: { verify: ({ token }) => verified(token === PASSWORD), isActive } }),
    mcpBasicAuth({ verifier: { verify: ({ password }) => verified(password === PASSWORD), isActive } }),
    mcpSessionBinding(),
    HANDLERS[generation](),
  ];
}

/** The credentials of one person, by turns as password and as token. */
export function credentials(): () => Readonly<Record<string, string>> {
  let count = 0;
  return () => {
    count += 1;
    const authorization = count % 2 === 0 ? `Bearer ${PASSWORD}` : basic(PERSON.subject, PASSWORD);
    return { Authorization: authorization, 'X-MCP-Token': MCP_TOKEN };
  };
}
