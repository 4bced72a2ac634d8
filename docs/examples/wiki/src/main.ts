import { hashPassword } from 'express-mcp-guards/passwords';
import { type Config, InvalidConfig, readConfig } from './config.js';
import { DatabaseUnreachable } from './db/database.js';
import { openDatabase } from './db/open.js';
import { seed } from './db/seed.js';
import { CannotListen, listen } from './listen.js';
import { sharedStores } from './mcp/shared-stores.js';
import { openRedis } from './redis.js';
import { stopInOrder } from './stop.js';
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
  const redis = config.redis && (await openRedis(config.redis.url));
  const release = [() => database.close(), () => redis?.close()];
  try {
    await seed(database, hashPassword);
    const stores = config.redis && redis && sharedStores(redis.client, config.redis);
    const wiki = await createWiki(config, database, stores);
    const listening = await listen(wiki.app, config.host, config.port);
    console.log(welcome(listening.url, config));
    onStopSignal(async () => {
      listening.refuseNewConnections();
      await stopInOrder([() => wiki.close(GRACE_MS), () => listening.close(GRACE_MS), ...release]);
    });
  } catch (error) {
    await stopInOrder(release);
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
    void stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
