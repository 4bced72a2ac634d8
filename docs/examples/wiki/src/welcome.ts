import { clientSetup } from './client-setup.js';
import type { Config } from './config.js';
import { alice, bob, type DemoUser } from './db/demo-data.js';

/** What the wiki says when it is up: where, whom to try it as, and how to connect a client. */
export function welcome(url: string, config: Config): string {
  const setup = clientSetup({
    url,
    email: alice.email,
    password: alice.password,
    needsMcpToken: config.mcpToken !== undefined,
  });
  return `
The wiki is up: ${url}  (MCP: ${url}/mcp, REST: ${url}/api)
Data: ${placeOf(config)}

Two users to try
  ${lineOf(alice)}: edits public pages, reads some private ones
  ${lineOf(bob)}: reads public pages, edits only "retro"

Connect a client as ${alice.name}

${setup}

REST, with an access token
  curl -X POST -u '${bob.email}:${bob.password}' ${url}/api/login
  curl -H "Authorization: Bearer $ACCESS_TOKEN" ${url}/api/pages

Stop with Ctrl+C.`;
}

const lineOf = ({ email, password, role }: DemoUser): string => `${email}  ${password}  (${role})`;

function placeOf({ databaseUrl, dataDir, schema, redis }: Config): string {
  if (redis !== undefined) return `PostgreSQL, schema ${schema}, and Redis, prefix ${redis.prefix}`;
  if (databaseUrl !== undefined) return `PostgreSQL, schema ${schema}`;
  return dataDir === undefined ? 'in memory, gone when the wiki stops' : `in the folder ${dataDir}`;
}
