import type {
  LoginLimiterOptions,
  McpHandlerOptions,
  Principal,
  PrincipalFilter,
  RevocationTarget,
  SessionBindingOptions,
  SessionEndReason,
} from '../../lib/index.js';

/** What a node is started with; plain data, as it goes through the environment. */
export interface NodeSetting {
  /** What it calls itself. */
  readonly name: string;
  /** Users and their passwords; `*` is everybody else's. */
  readonly users: Readonly<Record<string, string>>;
  /** Default: any free one. */
  readonly port?: number;
  /** Stores over Redis. Default: in memory. */
  readonly redis?: {
    readonly url: string;
    readonly secret: string;
    readonly client?: 'redis' | 'ioredis';
    readonly prefix?: string;
    readonly timeoutMs?: number;
    /** How long the client waits before it connects again. Default: what the client does by default. */
    readonly reconnectMs?: number;
  };
  /** How long a verification takes. Default: no time. */
  readonly verifyMs?: number;
  readonly proofSeconds?: number;
  readonly limiter?: Omit<LoginLimiterOptions, 'store' | 'clientKey'>;
  readonly binding?: Omit<SessionBindingOptions, 'store'>;
  readonly handler?: Omit<McpHandlerOptions, 'createServer' | 'eventStore' | 'onError'>;
}

/** A login that `startSession` did: it issued `token`. */
export interface Login {
  readonly sessionId: string;
  readonly subject: string;
  readonly token: string | undefined;
}

/** A login that `endSession` undid. */
export interface Logout extends Login {
  readonly reason: SessionEndReason;
}

export interface Counts {
  /** Verifier calls by user name. */
  readonly verified: Readonly<Record<string, number>>;
  /** Those of them that found the password wrong. */
  readonly wrong: Readonly<Record<string, number>>;
  /** Tool runs by tool. */
  readonly ran: Readonly<Record<string, number>>;
  /** MCP servers that were made here, and those that are not closed. */
  readonly made: number;
  readonly live: number;
  /** Milliseconds of CPU time so far. */
  readonly cpuMs: number;
}

/** What the parent may ask, with the arguments and the answer. */
export interface Questions {
  counts(): Counts;
  /** Waits until the stores can be used. */
  ready(): void;
  list(filter: PrincipalFilter): readonly { readonly id: string; readonly principal: Principal }[];
  revoke(target: RevocationTarget): number;
  /** Shuts down in order; the process ends by itself afterwards. */
  close(graceMs: number): void;
}

export type Asked = {
  [Verb in keyof Questions]: {
    readonly id: number;
    readonly verb: Verb;
    readonly args: Parameters<Questions[Verb]>;
  };
}[keyof Questions];

export type Told =
  | { readonly tell: 'listening'; readonly port: number }
  | { readonly tell: 'login'; readonly login: Login }
  | { readonly tell: 'logout'; readonly logout: Logout }
  | { readonly tell: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly tell: 'failure'; readonly id: number; readonly message: string };
