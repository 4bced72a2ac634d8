import { createHash } from 'node:crypto';

/** One atomic step, as Lua that Redis runs. */
export class Script {
  readonly source: string;
  /** What Redis knows it by. */
  readonly sha: string;
  /**
   * It is sent whole each time. A call that Redis must be told the script for is overtaken by the next one; calls of
   * such a script are done in the order in which they were made.
   */
  readonly keepsOrder: boolean;

  constructor(source: string, { keepsOrder = false }: { readonly keepsOrder?: boolean } = {}) {
    this.source = source;
    this.keepsOrder = keepsOrder;
    this.sha = createHash('sha1').update(source).digest('hex');
  }
}
