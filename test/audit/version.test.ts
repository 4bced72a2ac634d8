import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { ownVersion } from '../../lib/audit/version.js';

describe('the version that an audit tells', () => {
  it('is that of the package', () => {
    // The suites run at the root of the repository, compiled or not.
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(ownVersion()).to.equal(version);
  });
});
