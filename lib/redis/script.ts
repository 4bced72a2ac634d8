import { createHash } from 'node:crypto';

/** One atomic step, as Lua that Redis runs. */
export class Script {
  readonly source: string;
  /** What Redis knows it by. */
  readonly sha: string;

  constructor(source: string) {
    this.source = source;
    this.sha = createHash('sha1').update(source).digest('hex');
  }
}
