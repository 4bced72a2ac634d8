import { type ForwardedHeaders, McpGuardError, type Principal, type VerifyContext } from 'express-mcp-guards';
import { ApiRefusal, apiClient } from './api-client.js';

/**
 * Asks the API whose key this is. A wrong key is `null`; one that has no place in the organisation is refused; an API
 * that does not answer is an outage. The organisation is part of the identity: a session never changes it.
 */
export function identifyAt(
  apiUrl: string,
): (headers: ForwardedHeaders, context: Pick<VerifyContext, 'signal'>) => Promise<Principal | null> {
  return async function identify(headers, { signal }) {
    const api = apiClient(apiUrl, (url, init) => fetch(url, { ...init, headers, signal, redirect: 'error' }));
    try {
      const { id, organization, role } = await api.me();
      return { issuer: apiUrl, tenant: organization.id, subject: id, claims: { role } };
    } catch (error) {
      if (error instanceof ApiRefusal && error.status === 401) return null;
      if (error instanceof ApiRefusal && error.status === 403) throw new McpGuardError('forbidden');
      throw error;
    }
  };
}
