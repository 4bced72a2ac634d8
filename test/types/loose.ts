// Compiled only where exactOptionalPropertyTypes is off: undefined is the same as left out.
import { mcpBasicAuth, type Principal } from 'express-mcp-guards';

mcpBasicAuth({ verifier: () => null, realm: process.env.REALM });
export const principal: Principal = { subject: 'ada', tenant: undefined };
