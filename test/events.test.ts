import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { expect } from 'chai';
import fc from 'fast-check';

import { type GuardEvent, type GuardNews, onGuardEvent } from '../lib/events.js';
import { publisher } from '../lib/guard.js';
import { principalKey } from '../lib/principal.js';
import { failsOnUnhandledRejections } from './support/unhandled.js';

/** What listeners hear while `publish` speaks. */
function heardOf(speak: (publish: ReturnType<typeof publisher>) => void): GuardEvent[] {
  const heard: GuardEvent[] = [];
  const stop = onGuardEvent((event) => heard.push(event));
  try {
    speak(publisher('aGuard'));
  } finally {
    stop();
  }
  return heard;
}

const heardWith = (news: GuardNews): GuardEvent => heardOf((publish) => publish(news))[0] as GuardEvent;

describe('onGuardEvent', () => {
  failsOnUnhandledRejections();

  it('hears what happened, when, and from whom', () => {
    const before = Date.now();
    const event = heardWith({ type: 'auth.throttled', retryAfterSeconds: 7, client: '192.0.2.1' });
    expect(event).to.include({
      type: 'auth.throttled',
      guard: 'aGuard',
      retryAfterSeconds: 7,
      client: '192.0.2.1',
    });
    expect(event.at).to.be.within(before, Date.now());
    expect(Object.keys(event).sort()).to.deep.equal(['at', 'client', 'guard', 'retryAfterSeconds', 'type']);
  });

  it('hears until it stops, every listener for itself', () => {
    const heard: string[] = [];
    const listener = (name: string) => () => heard.push(name);
    const stopA = onGuardEvent(listener('a'));
    const stopB = onGuardEvent(listener('b'));
    const publish = publisher('aGuard');
    publish({ type: 'auth.succeeded' });
    stopA();
    stopA();
    publish({ type: 'auth.succeeded' });
    stopB();
    publish({ type: 'auth.succeeded' });
    expect(heard).to.deep.equal(['a', 'b', 'b']);
  });

  it('hears twice where one function listens twice', () => {
    let count = 0;
    const listener = (): void => {
      count += 1;
    };
    const stops = [onGuardEvent(listener), onGuardEvent(listener)];
    publisher('aGuard')({ type: 'auth.succeeded' });
    expect(count).to.equal(2);
    stops[0]?.();
    publisher('aGuard')({ type: 'auth.succeeded' });
    expect(count).to.equal(3);
    stops[1]?.();
  });

  it('is the channel express-mcp-guards of node:diagnostics_channel', () => {
    const messages: unknown[] = [];
    const note = (message: unknown): void => {
      messages.push(message);
    };
    subscribe('express-mcp-guards', note);
    publisher('aGuard')({ type: 'session.started', session: 'id' });
    unsubscribe('express-mcp-guards', note);
    expect(messages).to.have.length(1);
    expect(messages[0]).to.include({ type: 'session.started', guard: 'aGuard' });
  });

  it('costs nothing where nobody listens', () => {
    const { now } = Date;
    Date.now = () => {
      throw new Error('an event was made');
    };
    try {
      publisher('aGuard')({ type: 'auth.succeeded' });
    } finally {
      Date.now = now;
    }
  });

  const fail = (): never => {
    throw new Error('listener');
  };
  for (const [name, listener] of [
    ['throws', fail],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['rejects', async () => fail()],
  ] as const) {
    it(`D6 a listener that ${name} changes nothing, for the guard or for other listeners`, async () => {
      const uncaught: unknown[] = [];
      const note = (error: unknown): void => {
        uncaught.push(error);
      };
      process.on('uncaughtException', note);
      const stop = onGuardEvent(listener as () => void);
      const heard = heardOf((publish) => publish({ type: 'auth.succeeded' }));
      stop();
      await new Promise((resolve) => setImmediate(resolve));
      process.off('uncaughtException', note);
      expect(heard).to.have.length(1);
      expect(uncaught).to.deep.equal([]);
    });
  }

  for (const bad of [undefined, null, 'f', {}, []]) {
    it(`refuses ${JSON.stringify(bad) ?? 'undefined'} for a listener`, () => {
      expect(() => onGuardEvent(bad as never)).to.throw(
        TypeError,
        'onGuardEvent: listener must be a function',
      );
    });
  }
});

describe('an event', () => {
  const names: Readonly<Record<string, string>> = {
    'CR and LF': 'ada\r\nsession.ended',
    'an escape sequence': '\u001b[2Jada\u009b31m',
    'U+2028 and U+2029': 'a\u2028b\u2029c\u0085d',
    'a bidi override': 'a\u202eb\u2066c',
    NUL: 'a\0b',
    DEL: 'a\u007fb',
    'a byte order mark': '\ufeffada',
    'a lone surrogate': 'a\ud800b',
    'an emoji': 'a\u{1f600}b',
  };
  for (const [what, name] of Object.entries(names)) {
    it(`F2 is one escaped line, whatever a name holds: ${what}`, () => {
      const event = heardWith({
        type: 'auth.failed',
        reason: 'wrong',
        principal: principalKey({ subject: name, issuer: name }),
        client: name,
      });
      for (const text of [event.principal, event.client]) expect(text).to.match(/^[\x20-\x7e]+$/);
    });
  }

  it('F2 escapes to printable ASCII, always, and so that plain names stay readable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const { client } = heardWith({ type: 'auth.succeeded', client: name });
        return /^[\x20-\x7e]*$/.test(client ?? '\n');
      }),
    );
    expect(heardWith({ type: 'auth.succeeded', client: 'a\nb' }).client).to.equal('a\\u000ab');
    expect(heardWith({ type: 'auth.succeeded', client: '2001:db8::/64' }).client).to.equal('2001:db8::/64');
  });

  it('F1 has a hash for a session id: the same for the same, no help for anything else', () => {
    const id = 'A'.repeat(43);
    const { session } = heardWith({ type: 'session.ended', reason: 'idle', session: id });
    expect(session).to.equal(createHash('sha256').update(id).digest('base64url').slice(0, 16));
    expect(session).to.not.include('AAAA');
    expect(heardWith({ type: 'session.started', session: id }).session).to.equal(session);
    expect(heardWith({ type: 'session.started', session: 'other' }).session).to.not.equal(session);
  });

  it('has no field for what is not known', () => {
    expect(Object.keys(heardWith({ type: 'auth.succeeded' })).sort()).to.deep.equal(['at', 'guard', 'type']);
  });
});
