import { expect } from 'chai';

import { basic } from '../support/call.js';
import { digest } from '../support/children/chain.js';
import { until } from '../support/gate.js';
import { type NodeProcess, nodeProcess } from '../support/node-process.js';
import { begin } from '../support/session.js';

describe('a node with a process of its own', function () {
  this.timeout(60_000);
  const ada = { authorization: basic('ada', 'engine') };
  let node: NodeProcess;

  beforeEach(async () => {
    node = await nodeProcess({ name: 'a', users: { ada: 'engine' } });
  });

  afterEach(() => node[Symbol.asyncDispose]());

  it('serves the whole chain, and tells what it did', async () => {
    const session = await begin(node.url, ada);
    expect(await session.tool('whoami')).to.equal('ada, ada, at a');
    const [login] = node.logins;
    expect(login).to.include({ sessionId: session.id, subject: 'ada' });
    expect(await session.tool('token')).to.equal(digest(login?.token));
    expect(await session.tool('slow', { ms: 1 })).to.equal('done');
    expect(await node.counts()).to.deep.include({
      verified: { ada: 1 },
      ran: { whoami: 1, token: 1, slow: 1 },
      made: 1,
      live: 1,
    });
    expect((await node.list()).map(({ id }) => id)).to.deep.equal([session.id]);
    expect(await node.revoke({ subject: 'ada' })).to.equal(1);
    expect(node.logouts).to.deep.equal([{ ...login, reason: 'revoked' }]);
    await until('its server is closed', async () => (await node.counts()).live === 0);
  });

  it('closes in order', async () => {
    await begin(node.url, ada);
    expect(await node.close()).to.equal(0);
    expect(node.logouts.map(({ reason }) => reason)).to.deep.equal(['shutdown']);
    expect(node.stderr).to.equal('');
  });

  it('is killed in mid-session: nothing is undone', async () => {
    await begin(node.url, ada);
    await node.kill();
    expect(node.isAlive).to.equal(false);
    expect(node.logouts).to.deep.equal([]);
    const asked = await node.counts().catch(String);
    expect(asked).to.be.a('string');
  });
});
