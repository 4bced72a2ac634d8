import { expect } from 'chai';

import type { ForwardedCredentials } from '../../lib/index.js';
import { EndSignal } from '../../lib/sessions/end-signal.js';
import { runAs } from '../../lib/sessions/principal-context.js';
import { sessionCredentials } from '../../lib/sessions/session-credentials.js';

const ada = { subject: 'ada' };

/** Credentials whose every answer is their name. */
const named = (name: string): ForwardedCredentials => ({
  fetch: async () => new Response(name),
  get: () => name,
});
const open = (): EndSignal => new EndSignal();
const over = (): EndSignal => {
  const end = new EndSignal();
  end.abort();
  return end;
};
const fetched = async ({ fetch }: ForwardedCredentials) => (await fetch('https://api.example')).text();

async function refused(credentials: ForwardedCredentials): Promise<string> {
  expect(credentials.get('x')).to.equal(undefined);
  try {
    await credentials.fetch('https://api.example');
  } catch (error) {
    expect(error).to.be.instanceOf(TypeError);
    return (error as Error).message;
  }
  throw new Error('it was not refused');
}

describe('the credentials of a session', () => {
  it('W12 are those of the request that runs now', async () => {
    const credentials = sessionCredentials(named('first'), open());
    const later = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return [credentials.get('x'), await fetched(credentials)];
    };
    const answers = ['second', 'third'].map((name) => runAs(ada, later, named(name)));
    expect(await Promise.all(answers)).to.deep.equal([
      ['second', 'second'],
      ['third', 'third'],
    ]);
  });

  it('are those that the session began with, outside of any request', async () => {
    const credentials = sessionCredentials(named('first'), open());
    expect([credentials.get('x'), await fetched(credentials)]).to.deep.equal(['first', 'first']);
  });

  it('are none where this very request brought none, whatever the session began with', async () => {
    const credentials = sessionCredentials(named('first'), open());
    const message = await runAs(ada, () => refused(credentials));
    expect(message).to.equal('credentials.fetch: the request brought no headers for mcpForwardedCredentials');
    expect(await refused(sessionCredentials(undefined, open()))).to.equal(message);
  });

  it('W29 are gone when the session is over, inside of a request and outside', async () => {
    const end = new EndSignal();
    const credentials = sessionCredentials(named('first'), end);
    end.abort();
    const message = 'credentials.fetch: the session is over';
    expect(await refused(credentials)).to.equal(message);
    expect(await runAs(ada, () => refused(credentials), named('second'))).to.equal(message);
    expect(await refused(sessionCredentials(named('first'), over()))).to.equal(message);
  });

  it('can be taken apart, and not changed', async () => {
    const { fetch, get } = sessionCredentials(named('first'), open());
    expect([await fetched({ fetch, get }), get('x')]).to.deep.equal(['first', 'first']);
    expect(() => Object.assign(sessionCredentials(undefined, open()), { get })).to.throw(TypeError);
  });
});
