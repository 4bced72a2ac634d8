const MAX_LENGTH = 160;
/** Shorter ones would black out half of the language. */
const MIN_SECRET = 4;

/** Makes a function that shows text of an endpoint on one short line, without `secrets` and control characters. */
export function redactor(secrets: () => Iterable<string>): (text: string) => string {
  return (text) => {
    let shown = text;
    for (const secret of secrets()) {
      if (secret.length >= MIN_SECRET) shown = shown.replaceAll(secret, '[secret]');
    }
    shown = shown.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
    return shown.length > MAX_LENGTH ? `${shown.slice(0, MAX_LENGTH)}…` : shown;
  };
}
