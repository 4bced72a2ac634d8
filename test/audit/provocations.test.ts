import { expect } from 'chai';

import { oddSessionIds, provocationsOf } from '../../lib/audit/provocations.js';

const NOBODY = { name: 'no credential', headers: [] };

describe('provocations', () => {
  it('are requests that are not as they should be', () => {
    const all = provocationsOf(NOBODY, new URL('http://localhost:1/a/mcp/?x=1'));
    expect(
      all.map(({ what, ask: { as, method, headers, body, url, message } }) => {
        expect(as).to.equal(NOBODY);
        return [
          what,
          method ?? 'POST',
          headers?.flat().join(': ') ?? '',
          body?.slice(0, 30) ?? message?.method,
          url?.href,
        ];
      }),
    ).to.deep.equal([
      ['a body that is no JSON', 'POST', '', '{"jsonrpc":', undefined],
      ['JSON that is no object', 'POST', '', '"audit"', undefined],
      ['JSON nested 5000 deep', 'POST', '', '['.repeat(30), undefined],
      ['2 MiB of JSON', 'POST', '', '{"jsonrpc":"2.0","method":"x",', undefined],
      ['a method that is a number', 'POST', '', '{"jsonrpc":"2.0","id":"audit-0"', undefined].map((text) =>
        text?.slice(0, 30),
      ),
      ['GET as a browser sends it', 'GET', 'Accept: text/html', undefined, undefined],
      [
        ...['a body as application/x-www-form-urlencoded', 'POST'],
        ...['Content-Type: application/x-www-form-urlencoded', 'a=b', undefined],
      ],
      ['a broken escape in the path', 'POST', '', 'initialize', 'http://localhost:1/a/mcp/%zz'],
    ]);
  });

  it('are JSON, as deep and as long as they say', () => {
    const [, , deep, huge] = provocationsOf(NOBODY, new URL('http://localhost')).map(
      ({ ask }) => ask.body ?? '',
    );
    expect(deep).to.equal('['.repeat(5000) + ']'.repeat(5000));
    expect(JSON.parse(huge ?? '')).to.deep.equal({
      ...{ jsonrpc: '2.0', method: 'x', params: { text: 'a'.repeat(2 * 1024 * 1024) } },
    });
  });

  it('hold ids that every object has, and one that is long', () => {
    expect(oddSessionIds).to.deep.equal(['constructor', '__proto__', 'toString', 'x'.repeat(4096)]);
  });
});
