/** The eight groups of an IPv6 address as the URL parser (WHATWG) reads it, a zone left out; `undefined` for others. */
export function groupsOf(address: string): readonly number[] | undefined {
  const [text = ''] = address.split('%');
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const { hostname } = new URL(`http://[${text}]`);
  const [head = '', tail = ''] = hostname.slice(1, -1).split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter(Boolean)) as [string[], string[]];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

/** Four decimal numbers below 256, none with a zero in front. */
export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 &&
    parts.every((part) => String(Number(part)) === part && Number(part) <= 255 && /^\d+$/.test(part))
  );
}

/** The address that IPv4-mapped IPv6 (`::ffff:0:0/96`) holds. */
export function mappedIpv4(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).join() === '0,0,0,0,0' && groups[5] === 0xffff;
  return isMapped ? [high >>> 8, high % 256, low >>> 8, low % 256].join('.') : undefined;
}
