import { randomBytes } from 'node:crypto';

import { type FaultProxy, faultProxy } from '../../support/fault-proxy.js';
import { type NodeProcess, nodeProcess } from '../../support/node-process.js';
import type { Login, Logout, NodeSetting } from '../../support/node-setting.js';
import { type RedisServer, redisServer } from '../../support/redis-server.js';

/** One place of a node: its proxy and its port stay when the process in it is another one. */
export interface Place {
  readonly name: string;
  readonly port: number;
  readonly url: URL;
  readonly proxy: FaultProxy;
  /** The process that is there now. */
  node: NodeProcess;
  /** It is being killed, and nobody has to answer. */
  isDying: boolean;
  /** When something was last wrong between this node and Redis; now, while it is. */
  disturbedAt(): number;
  disturb(): void;
  calm(): void;
}

/** Nodes, each with a proxy between it and the one Redis that they share; `await using` ends them all. */
export interface World extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly places: readonly Place[];
  /** Kills the process in a place. */
  kill(place: Place): Promise<void>;
  /** Puts a new process where one was killed. */
  restart(place: Place): Promise<void>;
  /** How many wrong passwords were verified for each user, by dead nodes too. To be asked once, at the end. */
  wrong(): Promise<ReadonlyMap<string, number>>;
  /** The login that a session began with. */
  loginOf(sessionId: string): Login | undefined;
  /** What the nodes' logins did, those of dead nodes too. */
  logins(): readonly Login[];
  logouts(): readonly Logout[];
}

export interface WorldOptions extends Omit<NodeSetting, 'name' | 'port' | 'redis'> {
  readonly nodes: number;
  readonly redis?: Omit<NonNullable<NodeSetting['redis']>, 'url' | 'secret'>;
}

export async function world({ nodes, redis: more, ...setting }: WorldOptions): Promise<World> {
  const redis = await redisServer({ keepsData: true });
  const secret = randomBytes(32).toString('base64');
  const ever: NodeProcess[] = [];
  const guesses = new Map<string, number>();
  const bySession = new Map<string, Login>();
  /** How many of each list are in it. */
  const read = new Map<readonly Login[], number>();
  const keep = (wrong: Readonly<Record<string, number>>): void => {
    for (const [user, count] of Object.entries(wrong)) guesses.set(user, (guesses.get(user) ?? 0) + count);
  };

  async function start(name: string, proxy: FaultProxy, port?: number): Promise<NodeProcess> {
    const url = `redis://127.0.0.1:${proxy.port}`;
    const node = await nodeProcess({
      ...setting,
      name,
      redis: { ...more, url, secret },
      ...(port !== undefined && { port }),
    });
    ever.push(node);
    return node;
  }

  async function settle(name: string): Promise<Place> {
    const proxy = await faultProxy({ port: redis.port });
    const node = await start(name, proxy);
    let wrong = 0;
    let at = Number.NEGATIVE_INFINITY;
    const { port, url } = node;
    await node.ready();
    return {
      ...{ name, port, url, proxy, node, isDying: false },
      disturbedAt: () => (wrong > 0 ? performance.now() : at),
      disturb() {
        wrong += 1;
      },
      calm() {
        wrong -= 1;
        at = performance.now();
      },
    };
  }

  const places = await Promise.all([...'abcdefgh'].slice(0, nodes).map(settle));
  return {
    redis,
    places,
    async kill(place) {
      keep((await place.node.counts()).wrong);
      place.isDying = true;
      await place.node.kill();
    },
    async restart(place) {
      place.node = await start(place.name, place.proxy, place.port);
      place.isDying = false;
      await place.node.ready();
    },
    async wrong() {
      for (const { node } of places) keep((await node.counts()).wrong);
      return guesses;
    },
    loginOf(sessionId) {
      for (const { logins } of ever) {
        for (const login of logins.slice(read.get(logins) ?? 0)) bySession.set(login.sessionId, login);
        read.set(logins, logins.length);
      }
      return bySession.get(sessionId);
    },
    logins: () => ever.flatMap(({ logins }) => logins),
    logouts: () => ever.flatMap(({ logouts }) => logouts),
    async [Symbol.asyncDispose]() {
      await Promise.all(ever.map((node) => node.kill()));
      await Promise.all(places.map(({ proxy }) => proxy[Symbol.asyncDispose]()));
      await redis[Symbol.asyncDispose]();
    },
  };
}
