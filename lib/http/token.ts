const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether `text` is a `token` of RFC 9110 §5.6.2: header names, schemes, parameter names. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}
