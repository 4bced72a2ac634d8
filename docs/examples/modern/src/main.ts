import { createNotesApp } from './app.js';
import { type Config, InvalidConfig, readConfig } from './config.js';
import { CannotListen, listen } from './listen.js';
import { ada, bob } from './notes/users.js';
import { issueToken } from './tokens.js';
import { welcome } from './welcome.js';

const GRACE_MS = 5000;
const TOKEN_SECONDS = 8 * 3600;

try {
  await start(readConfig(process.env));
} catch (error) {
  const expected = [InvalidConfig, CannotListen].some((type) => error instanceof type);
  console.error(expected ? `The server cannot start: ${(error as Error).message}` : error);
  process.exitCode = 1;
}

async function start(config: Config): Promise<void> {
  const { app, mcp } = createNotesApp(config);
  const listening = await listen(app, config.host, config.port);
  const issued = [ada, bob].map(async ({ id }) => [id, await issueToken(config.secret, id, TOKEN_SECONDS)]);
  console.log(welcome(listening.url, Object.fromEntries(await Promise.all(issued))));
  onStopSignal(async () => {
    await mcp.close(GRACE_MS);
    await listening.close(GRACE_MS);
  });
}

/** The first signal stops the server in good order; a later one stops it at once. */
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
