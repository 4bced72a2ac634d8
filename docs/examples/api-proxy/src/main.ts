import { createApi } from './api/api.js';
import { demoData } from './api/demo-data.js';
import { createMcpApp } from './app.js';
import { type Config, InvalidConfig, readConfig } from './config.js';
import { CannotListen, type Listening, listen } from './listen.js';
import { welcome } from './welcome.js';

const GRACE_MS = 5000;

try {
  await start(readConfig(process.env));
} catch (error) {
  const expected = [InvalidConfig, CannotListen].some((type) => error instanceof type);
  console.error(expected ? `The server cannot start: ${(error as Error).message}` : error);
  process.exitCode = 1;
}

async function start(config: Config): Promise<void> {
  const api = config.apiUrl === undefined ? await listen(createApi(demoData()), '127.0.0.1', 0) : undefined;
  try {
    const apiUrl = config.apiUrl ?? (api as Listening).url;
    const mcp = createMcpApp(apiUrl, config);
    const listening = await listen(mcp.app, config.host, config.port);
    console.log(welcome(listening.url, apiUrl, api !== undefined));
    onStopSignal(async () => {
      await mcp.close(GRACE_MS);
      await listening.close(GRACE_MS);
      await api?.close(GRACE_MS);
    });
  } catch (error) {
    await api?.close(0);
    throw error;
  }
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
