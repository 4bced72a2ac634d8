import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

/** Waits until somebody listens on `port`; rejects where that can no longer be, since `child` has ended. */
export async function listens(child: ChildProcess, name: string, port: number): Promise<void> {
  for (const since = Date.now(); Date.now() - since < PATIENCE_MS; await delay(50)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${name} has ended with ${child.exitCode ?? child.signalCode}`);
    }
    if (await canConnect(port)) return;
  }
  throw new Error(`${name} does not listen on ${port}`);
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
