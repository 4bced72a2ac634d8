/** One event of `text/event-stream` (HTML Living Standard §9.2.6). */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** The events that are complete in `text`: those that a blank line has ended. */
export function parseEvents(text: string): readonly StreamEvent[] {
  const blocks = text.replace(/^\ufeff/, '').split(/\r\n\r\n|\n\n|\r\r/);
  return blocks.slice(0, -1).map(parseEvent);
}

function parseEvent(block: string): StreamEvent {
  let id: string | undefined;
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  return { id, event, data: data.join('\n') };
}
