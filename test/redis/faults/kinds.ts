import type { Fault } from '../../support/fault-proxy.js';
import type { Random } from '../../support/random.js';
import type { Place, World } from './world.js';

/** Makes it good again; resolves when it is. */
export type Lift = () => Promise<void>;

/** One thing that goes wrong. */
export interface Kind {
  readonly name: string;
  /** Empties Redis: what it knew is gone by definition. */
  readonly forgets?: boolean;
  /** It concerns the way between some nodes and Redis. Else all nodes, at once. */
  readonly isBetween?: boolean;
  /** Requests are answered as ever. */
  readonly isHarmless?: boolean;
  /** Does it; `between` are the nodes that it is to concern, where it is one between nodes and Redis. */
  inject(world: World, between: readonly Place[], random: Random): Promise<Lift>;
}

const nothing: Lift = async () => {};

/** A fault of the way between some nodes and Redis. */
const proxied = (name: string, faultOf: (random: Random) => Fault): Kind => ({
  name,
  isBetween: true,
  async inject(_world, between, random) {
    const fault = faultOf(random);
    await Promise.all(between.map(({ proxy }) => proxy.set(fault)));
    return async () => {
      await Promise.all(between.map(({ proxy }) => proxy.clear()));
    };
  },
});

const afterwards = (random: Random): 'deliver' | 'drop' => random.pick(['deliver', 'drop'] as const);

export const KINDS: readonly Kind[] = [
  proxied('slow', (random) => ({ kind: 'latency', ms: random.pick([20, 80, 150, 400, 1000]) })),
  proxied('reset', (random) => ({ kind: 'reset', which: random.pick(['existing', 'all'] as const) })),
  proxied('refused', () => ({ kind: 'refuse' })),
  proxied('black hole', (random) => ({ kind: 'black hole', afterwards: afterwards(random) })),
  proxied('replies lost', (random) => ({ kind: 'swallow replies', afterwards: afterwards(random) })),
  proxied('cut in a reply', (random) => ({ kind: 'cut', afterBytes: random.between(0, 20) })),
  proxied('trickle', (random) => ({ kind: 'trickle', bytes: random.between(1, 20), everyMs: 20 })),
  {
    ...proxied('deaf', (random) => ({
      ...random.pick<Fault>([{ kind: 'reset' }, { kind: 'black hole' }]),
      only: 'subscribers',
    })),
    isHarmless: true,
  },
  {
    name: 'killed',
    async inject({ redis }) {
      await redis.kill();
      return () => redis.start();
    },
  },
  {
    name: 'frozen',
    async inject({ redis }) {
      redis.freeze();
      return async () => redis.thaw();
    },
  },
  {
    name: 'read-only',
    async inject({ redis }) {
      await redis.makeReadOnly();
      return () => redis.makeWritable();
    },
  },
  {
    name: 'scripts flushed',
    isHarmless: true,
    async inject({ redis }) {
      await redis.command('SCRIPT', 'FLUSH');
      return nothing;
    },
  },
  {
    name: 'flushed',
    forgets: true,
    async inject({ redis }) {
      await redis.command('FLUSHALL');
      return nothing;
    },
  },
  {
    name: 'node killed',
    isHarmless: true,
    async inject(world, _between, random) {
      const place = random.pick(world.places);
      await world.kill(place);
      return () => world.restart(place);
    },
  },
];
