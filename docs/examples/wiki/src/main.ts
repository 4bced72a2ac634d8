import { hashPassword } from 'express-mcp-guards/passwords';
import { type Config, InvalidConfig, readConfig } from './config.js';
import { DatabaseUnreachable } from './db/database.js';
import { openDatabase } from './db/open.js';
import { seed } from './db/seed.js';
import { CannotListen, listen } from './listen.js';
import { welcome } from './welcome.js';
import { createWiki } from './wiki.js';

const GRACE_MS = 5000;

try {
  await start(readConfig(process.env));
} catch (error) {
  const expected = [InvalidConfig, DatabaseUnreachable, CannotListen].some((type) => error instanceof type);
  console.error(expected ? `The wiki cannot start: ${(error as Error).message}` : error);
  process.exitCode = 1;
}

async function start(config: Config): Promise<void> {
  const database = await openDatabase(config);
  try {
    await seed(database, hashPassword);
    const wiki = await createWiki(config, database);
    const listening = await listen(wiki.app, config.host, config.port);
    console.log(welcome(listening.url, config));
    onStopSignal(async () => {
      await wiki.close(GRACE_MS);
      await listening.close(GRACE_MS);
      await database.close();
    });
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The first signal stops the wiki in good order; a later one stops it at once. */
function onStopSignal(stop: () => Promise<void>): void {
  let since: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (since !== undefined) {
      // Under npm one Ctrl+C arrives several times: from the terminal and from each npm above.
      if (Date.now() - since > 1000) process.exit(1);
      return;
    }
    since = Date.now();
    console.log(`${signal}: stopping`);
    stop().catch((error: unknown) => {
      console.error('could not stop in good order:', error);
      process.exitCode = 1;
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
