import { once } from 'node:events';

import type { Actor } from './actor.js';
import type { Target } from './target.js';
import { parseEvents, type StreamEvent } from './wire/event-stream.js';
import type { Reply } from './wire/reply.js';

/** A stream of events that stays open while other requests are made. */
export interface HeldStream {
  /** The answer to GET, as far as it had come when it was there. */
  readonly reply: Reply;
  /** The first event that `is` holds of, also one that has come; `undefined` if none comes before the stream ends. */
  first(is: (event: StreamEvent) => boolean): Promise<StreamEvent | undefined>;
  close(): Promise<void>;
}

/**
 * Opens a stream with GET, and holds it for the target's time at most.
 *
 * @throws NoAnswer
 */
export async function holdStream(target: Target, as: Actor, url: URL): Promise<HeldStream> {
  const closing = new AbortController();
  const news = new EventTarget();
  let last: Reply | undefined;
  let isOver = false;
  let begin: (reply: Reply) => void = () => {};
  const begun = new Promise<Reply>((resolve) => {
    begin = resolve;
  });
  const isEnough = (reply: Reply): boolean => {
    last = reply;
    begin(reply);
    news.dispatchEvent(new Event('some'));
    return false;
  };
  const ended = target.ask({ as, method: 'GET', url, isEnough, signal: closing.signal }).finally(() => {
    isOver = true;
    news.dispatchEvent(new Event('some'));
  });
  const reply = await Promise.race([begun, ended]);
  return {
    reply,
    async first(is) {
      for (;;) {
        // Nobody asks for events before there is a stream.
        const found = parseEvents((last as Reply).text).find(is);
        if (found || isOver) return found;
        await once(news, 'some');
      }
    },
    async close() {
      closing.abort();
      await ended;
    },
  };
}
