// Compiled only where exactOptionalPropertyTypes is on: an option is there with a value, or is not there.
import { mcpBasicAuth, type Principal } from 'express-mcp-guards';

// @ts-expect-error: undefined is not a realm
mcpBasicAuth({ verifier: () => null, realm: undefined });
// @ts-expect-error: undefined is not a tenant
export const principal: Principal = { subject: 'ada', tenant: undefined };
