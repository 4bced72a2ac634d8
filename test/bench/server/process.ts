import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Setting } from '../setting.js';
import type { Answers, Question } from './questions.js';

const ENTRY = fileURLToPath(new URL('./main.js', import.meta.url));

interface Message {
  readonly port?: number;
  readonly id?: number;
  readonly answer?: unknown;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A measured server in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.on('message', ({ id, answer }: Message) => {
      if (id !== undefined) this.#waiting.get(id)?.resolve(answer);
    });
    child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a server ended with ${code}`));
    });
  }

  static async start(
    setting: Setting,
    execArgv: readonly string[] = ['--expose-gc'],
  ): Promise<ServerProcess> {
    // Coverage would be measured along with the server.
    const { NODE_V8_COVERAGE: _, NODE_OPTIONS: __, ...env } = process.env;
    const child = fork(ENTRY, [JSON.stringify(setting)], {
      execArgv: [...execArgv],
      env: { ...env, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', ({ port }: Message) => resolve(port ?? 0));
      child.once('exit', (code) => reject(new Error(`${setting.variant} ended with ${code}`)));
    });
    return new ServerProcess(child, port);
  }

  async ask<Q extends Question>(question: Q): Promise<Answers[Q]> {
    this.#asked += 1;
    const id = this.#asked;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.send({ id, question });
    try {
      return (await answer) as Answers[Q];
    } finally {
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    // What a server has open is its own affair.
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await exited;
    clearTimeout(timer);
  }
}
