import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

const isSource = import.meta.url.endsWith('.ts');

describe('mcpHandler where the SDK is not installed', function () {
  this.timeout(60_000);

  it('says so when it is made, and answers 503, without the reason', async () => {
    const path = fileURLToPath(new URL(`./children/no-sdk.${isSource ? 'ts' : 'js'}`, import.meta.url));
    const args = [...(isSource ? ['--import', 'tsx'] : []), path];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
    const { warnings, ...answer } = JSON.parse(stdout) as { readonly warnings: readonly [string, string][] };
    expect(answer).to.deep.equal({ status: 503, code: 'unavailable', isTold: false });
    expect(warnings[0]).to.deep.equal([
      'MCP_GUARD_SDK',
      'mcpHandler: @modelcontextprotocol/sdk 1.26 or newer could not be loaded',
    ]);
  });
});
