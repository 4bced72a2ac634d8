import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  MemorySessionStore,
  mcpBasicAuth,
  mcpHandler,
  mcpLegacySse,
  mcpSessionBinding,
} from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { listen } from '../support/events.js';
import { gate } from '../support/gate.js';
import { as } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serveApp } from '../support/serve.js';
import { settle } from '../support/settle.js';

interface Scene {
  readonly served: Served;
  /** How many records were created and servers made. */
  readonly begun: () => number;
  /** Resolves when a request is held, and when it has been let go on without its client. */
  readonly held: Promise<void>;
  readonly passed: Promise<void>;
}

/** Holds every request at one place of the chain until its client has left, and lets it go on then. */
async function scene(place: 'binding' | 'handler' | 'no binding'): Promise<Scene> {
  let begun = 0;
  class Store extends MemorySessionStore {
    override create(
      ...args: Parameters<MemorySessionStore['create']>
    ): ReturnType<MemorySessionStore['create']> {
      begun += 1;
      return super.create(...args);
    }
  }
  const [held, passed] = [gate(), gate()];
  const hold: RequestHandler = (_request, response, next) => {
    held.open();
    response.once('close', () => {
      next();
      passed.open();
    });
  };
  const createServer = ({ principal }: { principal: { subject: string } }) => {
    begun += 1;
    return buildServer(principal);
  };
  const auth = mcpBasicAuth({ verifier: ({ username }) => ({ subject: username }) });
  const sessions = mcpSessionBinding({ store: new Store() });
  const before = {
    binding: [auth, hold, sessions],
    handler: [auth, sessions, hold],
    'no binding': [auth, hold],
  }[place];
  const served = await serveApp((app) => {
    app.use('/mcp', ...before, mcpHandler({ createServer }));
    app.use('/sse', ...before, mcpLegacySse({ createServer, messagesPath: '/sse' }));
    app.use((_request, response) => void response.end('nobody guards this'));
  });
  return { served, begun: () => begun, held: held.opened, passed: passed.opened };
}

describe('a client that has left before its turn came', () => {
  const cases = [
    ['/mcp', 'POST', 'binding'],
    ['/mcp', 'POST', 'handler'],
    ['/mcp', 'POST', 'no binding'],
    ['/mcp', 'GET', 'handler'],
    ['/sse', 'GET', 'binding'],
    ['/sse', 'GET', 'handler'],
  ] as const;
  for (const [path, method, place] of cases) {
    it(`${method} ${path}, gone before ${place === 'no binding' ? 'the handler, without a binding' : `the ${place}`}: nothing is begun`, async () => {
      using heard = listen();
      const { served, begun, held, passed } = await scene(place);
      await using _served = served;
      const client = new AbortController();
      const body = method === 'POST' ? { body: initialize() } : {};
      const reply = call(served.url, {
        path,
        method,
        headers: as('ann'),
        ...body,
        signal: client.signal,
      }).catch(() => undefined);
      await held;
      client.abort();
      await passed;
      await settle();
      expect(await reply).to.equal(undefined);
      expect(begun()).to.equal(0);
      expect(heard.types().filter((type) => type !== 'auth.succeeded')).to.deep.equal([]);
    });
  }
});
