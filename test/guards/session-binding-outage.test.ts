import { expect } from 'chai';

import { MemorySessionStore, mcpLoginLimiter } from '../../lib/index.js';
import { basic, call, toolCall } from '../support/call.js';
import { listen } from '../support/events.js';
import { as, guarded } from '../support/guarded.js';
import { expectRefusal } from '../support/refusal.js';
import { begin } from '../support/session.js';

/** A store whose look-ups fail while `isDown`. */
class FailingStore extends MemorySessionStore {
  isDown = false;
  isLost = false;

  override get(id: string): ReturnType<MemorySessionStore['get']> {
    if (this.isDown) throw new Error('s3cret');
    return this.isLost ? undefined : super.get(id);
  }
}

describe('mcpSessionBinding, when its store fails', () => {
  it('answers 503, tells why, and goes on when the store is back', async () => {
    const store = new FailingStore();
    await using endpoint = await guarded({ binding: { store, onStoreDown: 'refuse' } });
    const session = await begin(endpoint.url, as('ann'));
    using heard = listen();
    store.isDown = true;
    expectRefusal(await session.send(toolCall('whoami')), 'unavailable');
    expect(heard.events).to.have.length(1);
    expect(heard.events[0]).to.include({ type: 'session.refused', reason: 'store_error' });
    expect(heard.events[0]).to.have.property('principal');
    expect(JSON.stringify(heard.events)).to.not.include('s3cret');
    store.isDown = false;
    expect((await session.send(toolCall('whoami'))).status).to.equal(200);
  });

  it('lets a deferred refusal stand: the outage does not tell the right password from a wrong one', async () => {
    const store = new FailingStore();
    const limiter = mcpLoginLimiter({
      points: 1,
      keys: ['account'],
      clientKey: ({ headers }) => String(headers['x-client']),
    });
    await using endpoint = await guarded({ binding: { store }, before: [limiter] });
    const from = (client: string, password: string) =>
      call(endpoint.url, {
        headers: {
          authorization: basic('ann', password),
          'x-client': client,
          'mcp-session-id': 'A'.repeat(43),
        },
        body: toolCall('whoami'),
      });
    await begin(endpoint.url, { ...as('ann'), 'x-client': 'home' });
    expect((await from('elsewhere', 'wrong')).status).to.equal(401);
    store.isDown = true;
    const right = await from('elsewhere', 'right');
    const wrong = await from('elsewhere', 'wrong too');
    expect(right.status).to.equal(429);
    expect([right.status, right.text]).to.deep.equal([wrong.status, wrong.text]);
  });

  for (const trouble of ['isDown', 'isLost'] as const) {
    it(`lets a refusal stand that only a session would lift, where the store ${trouble === 'isDown' ? 'fails' : 'has lost it'}`, async () => {
      const store = new FailingStore();
      const limiter = mcpLoginLimiter({
        points: 1,
        keys: ['account'],
        clientKey: ({ headers }) => String(headers['x-client']),
      });
      await using endpoint = await guarded({ binding: { store, onStoreDown: 'refuse' }, before: [limiter] });
      const from = (client: string, password: string, session: string) =>
        call(endpoint.url, {
          headers: { authorization: basic('ann', password), 'x-client': client, 'mcp-session-id': session },
          body: toolCall('whoami'),
        });
      const { id } = await begin(endpoint.url, { ...as('ann'), 'x-client': 'home' });
      expect((await from('elsewhere', 'wrong', id)).status).to.equal(401);
      using heard = listen();
      store[trouble] = true;
      const right = await from('elsewhere', 'right', id);
      expect([right.status, right.code]).to.deep.equal([429, 'too_many_attempts']);
      const reasons = heard.events.map((event) => ('reason' in event ? event.reason : undefined));
      expect(reasons).to.include(trouble === 'isDown' ? 'store_error' : 'unknown_session');
      expect((await from('elsewhere', 'wrong too', id)).text).to.equal(right.text);
    });
  }
});
