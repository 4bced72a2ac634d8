// Serves the guarded MCP server of one generation of the SDK behind the shim, and prints the shim's URL. Ends when its
// stdin does, so that it outlives nobody. `node --import tsx test/conformance/serve.ts v1`
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { serve } from '../support/serve.js';
import { chain, credentials, isGeneration } from './chain.js';
import { shim } from './shim.js';

const [, , generation] = process.argv;
if (!isGeneration(generation)) throw new Error('which generation of the SDK?');
const served = await serve(...chain(generation));
const front = createServer(shim(served.url, credentials())).listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(front.address() as AddressInfo).port}/mcp`);
});
process.stdin.resume().once('end', () => process.exit());
