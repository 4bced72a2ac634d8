// One node of many: serves `/mcp` as the NodeSetting in the environment says, tells its parent of logins and logouts, and
// answers its questions. Ends with its parent.
import type { AddressInfo } from 'node:net';

import type { Asked, NodeSetting, Questions, Told } from '../node-setting.js';
import { buildChain } from './chain.js';

const setting = JSON.parse(process.env.NODE_SETTING ?? '') as NodeSetting;
const tell = (told: Told): void => void process.send?.(told);
const { app, sessions, mcp, counts, ready, release } = buildChain(setting, {
  login: (login) => tell({ tell: 'login', login }),
  logout: (logout) => tell({ tell: 'logout', logout }),
});
const server = app.listen(setting.port ?? 0, '127.0.0.1', (error) => {
  if (error) throw error;
  tell({ tell: 'listening', port: (server.address() as AddressInfo).port });
});

type Answers = { [Verb in keyof Questions]: (...args: Parameters<Questions[Verb]>) => unknown };
const answers: Answers = {
  counts,
  ready,
  list: (filter) => sessions.list(filter),
  revoke: (target) => sessions.revoke(target),
  async close(graceMs) {
    await mcp.close({ graceMs });
    await sessions.close();
    server.close();
    server.closeAllConnections();
    release();
  },
};

process.on('message', async ({ id, verb, args }: Asked) => {
  try {
    const answer = await (answers[verb] as (...all: readonly unknown[]) => unknown)(...args);
    tell({ tell: 'answer', id, answer });
  } catch (error) {
    tell({ tell: 'failure', id, message: String(error) });
  }
  // Nothing else may hold the process then.
  if (verb === 'close') process.disconnect();
});
process.once('disconnect', () => {
  if (server.listening) process.exit(1);
});
