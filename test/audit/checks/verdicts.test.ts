import { expect } from 'chai';

import { host } from '../../../lib/audit/checks/host.js';
import { oddIds } from '../../../lib/audit/checks/odd-session-ids.js';
import { transportSecurity } from '../../../lib/audit/checks/transport-security.js';
import type { Check, Trial } from '../../../lib/audit/trial.js';
import { NoAnswer } from '../../../lib/audit/wire/exchange.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';

const replyWith = (status: number, text = '', ...rawHeaders: string[]): Reply => ({
  ...{ status, text, rawHeaders, askedId: undefined },
});

/** What a check finds, holds and leaves with the parts of a trial that it needs. */
async function verdictOf(check: Check, parts: unknown): Promise<readonly string[]> {
  const told: string[] = [];
  await check.run({
    show: (text: string) => text,
    open: [],
    eras: [],
    find: ({ id, severity }) => told.push(`${severity} ${id}`),
    leave: (why) => told.push(why),
    hold: () => told.push('held'),
    ...(parts as Partial<Trial>),
  } as Trial);
  return told;
}

describe('what a check finds and holds', () => {
  it('judges how an endpoint beyond this machine is reached', async () => {
    const at = (url: string, ...headers: string[]) => ({
      target: { url: new URL(url) },
      uninvited: replyWith(401, '', ...headers),
    });
    const verdict = (parts: unknown) => verdictOf(transportSecurity, parts);
    expect(await verdict(at('http://mcp.example.com/mcp'))).to.deep.equal(['high plain-http']);
    expect(await verdict(at('https://mcp.example.com/mcp'))).to.deep.equal(['advice no-hsts']);
    expect(
      await verdict(at('https://mcp.example.com/mcp', 'Strict-Transport-Security', 'max-age=1')),
    ).to.deep.equal(['held']);
    const answer = '{"jsonrpc":"2.0","id":"a","result":{}}';
    const served = {
      served: {},
      target: {
        url: new URL('https://mcp.example.com'),
        ask: async () => ({ ...replyWith(200, answer), askedId: 'a' }),
      },
    };
    expect(await verdictOf(host, served)).to.deep.equal(['advice foreign-host-served']);
  });

  it('tells a process that is gone from a connection that was cut', async () => {
    const cut = new NoAnswer('socket hang up');
    const gone = { served: {}, hasSessions: true, target: { ask: () => Promise.reject(cut) } };
    expect(await verdictOf(oddIds, gone)).to.deep.equal(['high odd-session-id-crash']);
    const alive = {
      ...gone,
      target: {
        ask: async ({ session }: { session?: string }) => (session ? Promise.reject(cut) : replyWith(200)),
      },
    };
    expect(await verdictOf(oddIds, alive)).to.deep.equal(['medium odd-session-id-error']);
  });
});
