export type WikiErrorCode = 'unauthenticated' | 'forbidden' | 'not_found' | 'conflict' | 'invalid';

/** What a caller may be told. Any other error stays inside. */
export class WikiError extends Error {
  override readonly name = 'WikiError';
  readonly code: WikiErrorCode;

  constructor(code: WikiErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
