import { isUtf8 } from 'node:buffer';

import { trimBlanks } from './blanks.js';

/** Deeper than any message is meant to be, shallower than what recursive readers survive. */
const MAX_DEPTH = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false;
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (isInString) {
      if (c === BACKSLASH) i += 1;
      else if (c === QUOTE) isInString = false;
    } else if (c === QUOTE) isInString = true;
    else if (c === 0x5b || c === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (c === 0x5d || c === 0x7d) depth -= 1;
  }
  return false;
}

const MAY_HIDE_PROTO = /__proto__|\\u00/i;

function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('__proto__');
  return value;
}

/**
 * Reads UTF-8 JSON (RFC 8259). `undefined` for anything else: bad UTF-8, a byte order mark, nesting beyond 200, a key
 * `__proto__` that a careless reader would copy into a prototype.
 */
export function parseJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  try {
    if (isTooDeep(text)) return undefined;
    return { value: MAY_HIDE_PROTO.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Whether a value that another reader made of JSON is one that `parseJson` would have made. */
export function isPlainJson(value: unknown): boolean {
  const open: [node: unknown, depth: number][] = [[value, 1]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, depth] = next;
    if (typeof node !== 'object' || node === null) continue;
    if (depth > MAX_DEPTH || Object.hasOwn(node, '__proto__')) return false;
    for (const child of Object.values(node)) open.push([child, depth + 1]);
  }
  return true;
}

/** Whether a `Content-Type` is JSON in UTF-8 (RFC 9110 §8.3, RFC 8259 §8.1). */
export function isJsonType(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  if (contentType === undefined) return false;
  const [essence = '', ...parameters] = contentType.toLowerCase().split(';');
  if (trimBlanks(essence) !== 'application/json') return false;
  return parameters.every((parameter) => {
    const [name = '', ...value] = parameter.split('=');
    // Whatever a lenient reader takes for the name, and of the value nothing but what it is.
    return name.trim() !== 'charset' || /^(?:utf-?8|"utf-?8")$/.test(trimBlanks(value.join('=')));
  });
}
