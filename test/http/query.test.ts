import { expect } from 'chai';

import { queryValues } from '../../lib/http/query.js';

describe('queryValues', () => {
  const cases: readonly (readonly [target: string, values: readonly string[]])[] = [
    ['/mcp', []],
    ['/mcp?a=1', ['1']],
    ['/mcp?a=1&b=2&a=%33+4&a', ['1', '3 4', '']],
    ['/mcp?%61=1', ['1']],
    ['/mcp?A=1', []],
    ['/?a=1', ['1']],
    ['?a=1', ['1']],
    ['/a', []],
    // The second question mark is part of the name, to whoever else reads it too.
    ['/mcp??a=1', []],
    ['/mcp?b=1?a=2', []],
  ];
  for (const [target, values] of cases) {
    it(`finds ${values.length} of a in ${target}`, () =>
      expect(queryValues(target, 'a')).to.deep.equal(values));
  }
});
