import { ORGANIZATION_HEADER } from './api/api.js';

export interface ApiKey {
  readonly keyId: string;
  readonly secret: string;
}

/** The headers of a client with this key. */
export function headersOf({ keyId, secret }: ApiKey, organization?: string): Record<string, string> {
  const Authorization = `Basic ${Buffer.from(`${keyId}:${secret}`, 'utf8').toString('base64')}`;
  return { Authorization, ...(organization !== undefined && { [ORGANIZATION_HEADER]: organization }) };
}
