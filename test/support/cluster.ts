import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';

import type { Principal, SessionBindingOptions, SessionEndReason } from '../../lib/index.js';
import { type Guarded, guarded, type Setting } from './guarded.js';
import { buildServer } from './mcp.js';
import { type NodeStore, type SharedRecords, sharedRecords } from './shared-store.js';

/** One node of several over the same records. */
export interface Node extends Guarded {
  readonly store: NodeStore;
  /** The tools that ran here. */
  readonly runs: string[];
  /** For whom servers were built here: the token that was issued to them. */
  readonly built: (string | undefined)[];
}

export interface Cluster extends AsyncDisposable {
  readonly nodes: readonly [Node, Node, ...Node[]];
  readonly shared: SharedRecords;
  /** How `endSession` was called, on whichever node: subject, issued token, reason. */
  readonly ended: (readonly [subject: string, token: string | undefined, reason: SessionEndReason])[];
  /** How often `startSession` was. */
  readonly started: string[];
  /** Sends a log message from the server that the first node has built for a session. */
  log(sessionId: string, data: string): Promise<void>;
}

export interface ClusterSetting {
  readonly binding?: Omit<SessionBindingOptions, 'store'>;
  readonly handler?: Setting['handler'];
  /** Stores without what a shared store need not have. */
  readonly isPlain?: boolean;
  readonly open?: (setting: Setting) => Promise<Guarded>;
  /** Holds up every server that is built. */
  readonly beforeBuild?: () => Promise<void>;
}

/** Two nodes that share their sessions, each as far from the other as processes are. */
export async function cluster(setting: ClusterSetting = {}): Promise<Cluster> {
  const { binding = {}, handler = {}, isPlain = false, open = guarded, beforeBuild } = setting;
  const shared = sharedRecords();
  const ended: Cluster['ended'][number][] = [];
  const started: string[] = [];
  const servers = new Map<string, McpServer>();
  const node = async (): Promise<Node> => {
    const store = shared.node({ isPlain });
    const runs: string[] = [];
    const built: (string | undefined)[] = [];
    const app = await open({
      basic: {
        startSession(principal: Principal) {
          started.push(principal.subject);
          return { ...principal, token: `issued ${started.length}` };
        },
        async endSession({ subject, token }: Principal, { reason }) {
          ended.push([subject, token, reason]);
        },
      },
      binding: { ...binding, store },
      handler,
      createServer: async (context) => {
        built.push(context.principal.token);
        await beforeBuild?.();
        const server = buildServer(context.principal, (tool) => runs.push(tool));
        const { sessionId = '' } = context;
        if (!servers.has(sessionId)) servers.set(sessionId, server);
        return server;
      },
    });
    return { ...app, store, runs, built };
  };
  const nodes = [await node(), await node()] as const;
  return {
    nodes: [...nodes],
    shared,
    ended,
    started,
    log: async (sessionId, data) => servers.get(sessionId)?.sendLoggingMessage({ level: 'info', data }),
    async [Symbol.asyncDispose]() {
      for (const each of nodes) await each[Symbol.asyncDispose]();
    },
  };
}
