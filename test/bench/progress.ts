let title = '';
let step = '';

/** Names the part that runs now. */
export function begin(part: string): void {
  title = part;
  if (!process.stderr.isTTY) console.error(`… ${part}`);
}

/** One line that tells what is going on, on a terminal. */
export function say(text: string): void {
  step = text;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K… ${title}: ${step}`);
}

export function clear(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
