import { Agent, request } from 'node:http';

import { basic, initialize, toolCall } from '../../support/call.js';
import { type NodeProcess, nodeProcesses } from '../../support/node-process.js';

const USER = 'ada';
const PASSWORD = 'right';
const SESSIONS = 16;
/** More than a run begins. */
const NO_LIMIT = 1_000_000;
/** On a busy machine an answer that is late is an answer. */
const PATIENCE_MS = 10_000;

/** One or more processes that serve the same sessions, each as likely to be asked as any other. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** Calls a tool in one of some live sessions. */
  call(turn: number): Promise<void>;
  /** Begins a session. */
  begin(turn: number): Promise<void>;
  /** Ends all sessions but those that are called in. */
  sweep(): Promise<void>;
  /** Milliseconds of CPU that its processes have taken so far. */
  cpuMs(): Promise<number>;
}

export interface ContenderSetting {
  readonly name: string;
  readonly processes: number;
  /** Default: in memory. */
  readonly redis?: { readonly url: string; readonly secret: string };
}

export async function contender({ name, processes, redis }: ContenderSetting): Promise<Contender> {
  const nodes = await nodeProcesses(processes, {
    users: { [USER]: PASSWORD, other: PASSWORD },
    proofSeconds: 86_400,
    binding: { maxSessions: NO_LIMIT, maxSessionsPerPrincipal: NO_LIMIT },
    // Each contender has keys of its own.
    ...(redis && { redis: { ...redis, prefix: `scale-${processes}`, timeoutMs: PATIENCE_MS } }),
  });
  await Promise.all(nodes.map((node) => node.ready()));
  const agent = new Agent({ keepAlive: true });
  const at = (turn: number): NodeProcess => nodes[turn % nodes.length] as NodeProcess;
  const post = (turn: number, user: string, body: object, session?: string): Promise<string> =>
    send(agent, at(turn), user, body, session);
  const sessions: string[] = [];
  for (let i = 0; i < SESSIONS; i += 1) sessions.push(await post(i, USER, initialize()));

  return {
    name,
    async call(turn) {
      // Which session and which node go together changes.
      const session = sessions[Math.floor(turn / nodes.length) % sessions.length];
      await post(turn, USER, toolCall('whoami', {}, turn + 1), session);
    },
    async begin(turn) {
      await post(turn, 'other', initialize());
    },
    async sweep() {
      await nodes[0]?.revoke({ subject: 'other' });
    },
    async cpuMs() {
      const counts = await Promise.all(nodes.map((node) => node.counts()));
      return counts.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await Promise.all(nodes.map((node) => node.kill()));
    },
  };
}

/** One request over a connection that is kept. Resolves to the session id in the answer; rejects unless that is a 200. */
function send(
  agent: Agent,
  { port }: NodeProcess,
  user: string,
  body: object,
  session = '',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      authorization: basic(user, PASSWORD),
      ...(session && { 'mcp-session-id': session }),
    };
    const options = { agent, host: '127.0.0.1', port, path: '/mcp', method: 'POST', headers };
    const outgoing = request(options, (response) => {
      const { statusCode } = response;
      response.resume().once('end', () => {
        if (statusCode === 200) resolve(String(response.headers['mcp-session-id']));
        else reject(new Error(`answered with ${statusCode}`));
      });
    });
    outgoing.once('error', reject).end(JSON.stringify(body));
  });
}
