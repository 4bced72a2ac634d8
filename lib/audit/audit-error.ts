/** Nothing can be audited, or no more: the text says why, and shows no credential. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
}
