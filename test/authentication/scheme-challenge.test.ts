import { expect } from 'chai';

import { schemeChallenge } from '../../lib/authentication/scheme-challenge.js';

describe('schemeChallenge', () => {
  it('names what was wrong with a Bearer token (RFC 6750 §3), however that is spelt', () => {
    for (const name of ['Bearer', 'bearer']) {
      expect(schemeChallenge(name)).to.deep.equal({
        scheme: 'bearer',
        plain: `${name} realm="mcp"`,
        invalid: `${name} realm="mcp", error="invalid_token"`,
        insufficientScope: `${name} realm="mcp", error="insufficient_scope"`,
      });
    }
  });

  it('says nothing of the kind for another scheme', () => {
    expect(schemeChallenge('X-Key')).to.deep.equal({ scheme: 'x-key', plain: 'X-Key realm="mcp"' });
  });
});
