import { hashPassword } from 'express-mcp-guards/passwords';

const hashes = new Map<string, Promise<string>>();

/** `hashPassword`, at its full price, once per password for the whole run. */
export function hashOnce(password: string): Promise<string> {
  const hash = hashes.get(password) ?? hashPassword(password);
  hashes.set(password, hash);
  return hash;
}
