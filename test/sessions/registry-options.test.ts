import { expect } from 'chai';

import { REGISTRY_DEFAULTS } from '../../lib/sessions/registry-options.js';

describe('REGISTRY_DEFAULTS', () => {
  it('is what docs/guards/mcp-session-binding.md promises', () => {
    expect(REGISTRY_DEFAULTS).to.deep.equal({
      idleSeconds: 30 * 60,
      absoluteSeconds: 12 * 60 * 60,
      maxSessions: 10_000,
      maxSessionsPerPrincipal: 32,
      onLimit: 'evict-idle',
      recheckSeconds: 30,
      onStoreDown: 'serve-known',
    });
  });
});
