import { expect } from 'chai';
import { isToken } from '../../lib/http/token.js';

describe('isToken', () => {
  it('takes exactly the tchar of RFC 9110', () => {
    const tchar = new Set(
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".split(''),
    );
    for (let code = 0; code < 0x250; code += 1) {
      const character = String.fromCharCode(code);
      expect(isToken(character), `U+${code.toString(16)}`).to.equal(tchar.has(character));
    }
  });

  it('wants at least one, and all of them', () => {
    expect(isToken('')).to.equal(false);
    expect(isToken('X-MCP-Token')).to.equal(true);
    expect(isToken('X-MCP-Token\n')).to.equal(false);
    expect(isToken('a b')).to.equal(false);
  });
});
