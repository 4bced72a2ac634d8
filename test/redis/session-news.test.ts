import { EventEmitter } from 'node:events';

import { expect } from 'chai';
import type { RedisClient } from '../../lib/redis/client.js';
import { SessionNews } from '../../lib/redis/session-news.js';
import { readSessionOptions } from '../../lib/redis/session-options.js';

const SECRETS = ['one secret of at least thirty-two characters', 'an older one of at least 32 characters'];

/** News over a client that connects to nobody, and what it is told. */
function open() {
  const subscribers: EventEmitter[] = [];
  let open = 0;
  const client = {
    ...{ status: 'ready', call: async () => null, connect: async () => {} },
    duplicate: () => {
      open += 1;
      const own = Object.assign(new EventEmitter(), {
        subscribe: async () => {},
        disconnect: () => {
          open -= 1;
        },
      });
      subscribers.push(own);
      return own;
    },
  } as unknown as RedisClient;
  const settings = readSessionOptions({ client, secret: SECRETS });
  const news = new SessionNews(settings, 'channel');
  const say = (message: unknown): void => {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    subscribers.at(-1)?.emit('message', 'channel', text);
  };
  const heard: string[] = [];
  const hear = () => news.listen((id, reason) => heard.push(`${id} ${reason}`));
  const [space, older] = settings.spaces;
  if (!older) throw new Error('two secrets are two namespaces');
  return { news, say, heard, hear, space, older, connections: () => [open, subscribers.length] };
}

describe('news of sessions', () => {
  it('are told by a name of its own, on its channel', () => {
    const [one, other] = [open(), open()];
    expect(one.news.sender.channel).to.equal('channel');
    expect(one.news.sender.origin).to.match(/^[0-9a-f-]{36}$/);
    expect(one.news.sender.origin).not.to.equal(other.news.sender.origin);
  });

  it('are heard of sessions under each secret, for every reason', () => {
    const { say, heard, hear, space, older } = open();
    hear();
    const reasons = ['deleted', 'idle', 'expired', 'revoked', 'evicted', 'inactive', 'failed', 'shutdown'];
    for (const reason of reasons) {
      for (const own of [space, older]) {
        say({ origin: 'x', ns: own.name, hash: 'hash', id: own.seal('id', 'hash', 'session'), reason });
      }
    }
    expect(heard).to.deep.equal(reasons.flatMap((reason) => Array(2).fill(`session ${reason}`)));
  });

  it('are believed only if they are whole, open, and are of others', () => {
    const { news, say, heard, hear, space, older } = open();
    hear();
    const good = {
      ...{ origin: 'x', ns: space.name, hash: 'hash', id: space.seal('id', 'hash', 'session') },
      reason: 'deleted',
    };
    const changes: object[] = [
      { origin: news.sender.origin },
      ...[{ ns: 'other' }, { ns: older.name }, { ns: undefined }],
      ...[{ hash: 'other' }, { hash: 7 }, { hash: undefined }],
      ...[{ id: 'session' }, { id: 7 }, { id: space.seal('id', 'hash', 7) }],
      { id: space.seal('principal', 'hash', 'session') },
      ...[{ reason: 'bored' }, { reason: 'constructor' }, { reason: ['deleted'] }, { reason: undefined }],
    ];
    for (const change of changes) say({ ...good, ...change });
    for (const text of ['', '{', 'null', '[]', '7', '"text"']) say(text);
    expect(heard).to.deep.equal([]);
    say(good);
    expect(heard).to.deep.equal(['session deleted']);
  });

  it('are heard over one connection, as long as anybody listens', () => {
    const { news, heard, connections } = open();
    expect(connections()).to.deep.equal([0, 0]);
    const listener = (id: string): void => {
      heard.push(id);
    };
    // Twice with one function: each ends by itself.
    const stops = [news.listen(listener), news.listen(listener)];
    expect(connections()).to.deep.equal([1, 1]);
    news.tell('a', 'idle');
    expect(heard).to.deep.equal(['a', 'a']);
    stops[0]?.();
    stops[0]?.();
    news.tell('b', 'idle');
    expect(heard).to.deep.equal(['a', 'a', 'b']);
    expect(connections()).to.deep.equal([1, 1]);
    stops[1]?.();
    stops[1]?.();
    expect(connections()).to.deep.equal([0, 1]);
    news.tell('c', 'idle');
    expect(heard).to.deep.equal(['a', 'a', 'b']);
    news.listen(listener);
    expect(connections()).to.deep.equal([1, 2]);
  });

  it('reach all who listen, whoever throws', () => {
    const { news, heard, hear } = open();
    news.listen(() => {
      throw new Error('a listener of a user');
    });
    hear();
    news.tell('a', 'evicted');
    expect(heard).to.deep.equal(['a evicted']);
  });
});
