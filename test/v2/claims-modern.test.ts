import { expect } from 'chai';

import type { Serving } from '../../lib/handler/define-handler.js';
import { RequestState } from '../../lib/request-state.js';
import { claimsModern } from '../../lib/v2/claims-modern.js';
import { MODERN } from './support.js';

const VERSION = 'io.modelcontextprotocol/protocolVersion';

const claims = (message: unknown, headers: Readonly<Record<string, string>> = {}): unknown => {
  const rawHeaders = Object.entries({ host: 'x', ...headers }).flat();
  const request = {
    method: 'POST',
    originalUrl: '/mcp',
    url: '/mcp',
    headers: { host: 'x', ...headers },
    rawHeaders,
    socket: {},
    get: (name: string) => headers[name],
  };
  return claimsModern({ request, message, state: new RequestState() } as unknown as Serving);
};

const message = (changes: object = {}, meta: unknown = { [VERSION]: MODERN }): object => ({
  ...{ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } },
  ...changes,
});

describe('claimsModern', () => {
  it('knows at once a request that names its version in its envelope, whatever that is', () => {
    for (const version of [MODERN, '2099-01-01', 5, null]) {
      expect(claims(message({}, { [VERSION]: version }))).to.equal(true);
    }
  });

  const asked = {
    'an initialize': message({ method: 'initialize' }),
    'a call without an envelope': message({ params: {} }),
    'a call whose envelope names no version': message({}, { other: MODERN }),
    'an inherited version': message({}, Object.create({ [VERSION]: MODERN })),
    'params that are none': message({ params: 5 }),
    'a message without a method': message({ method: undefined }),
    'a method that is no text': message({ method: 5 }),
    'a batch': [message()],
    'no message': null,
  };
  for (const [what, sent] of Object.entries(asked)) {
    it(`asks the SDK of ${what}, which takes it for one of the 2025 era, or refuses it`, async () => {
      const answer = claims(sent);
      expect(answer).to.be.instanceOf(Promise);
      expect(await answer).to.be.a('boolean');
    });
  }

  it('A2 gives none of the 2025 era to itself, whatever its headers say', async () => {
    for (const sent of ['an initialize', 'a call without an envelope'] as const) {
      expect(await claims(asked[sent])).to.equal(false);
    }
  });
});
