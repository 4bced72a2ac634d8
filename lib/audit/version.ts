import { createRequire } from 'node:module';

/** The version of this package. */
export function ownVersion(): string {
  // By its own name, so that it is found from the sources, from the build and where it is installed.
  const { version } = createRequire(import.meta.url)('express-mcp-guards/package.json') as {
    version: string;
  };
  return version;
}
