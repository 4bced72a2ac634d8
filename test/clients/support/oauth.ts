import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';

/** An OAuth provider as a client has it: it would open a browser, and notes that it did. */
export function oauthProvider(): OAuthClientProvider & { readonly opened: readonly string[] } {
  const opened: string[] = [];
  const redirectUrl = 'http://127.0.0.1/callback';
  return {
    opened,
    redirectUrl,
    clientMetadata: { client_name: 'test', redirect_uris: [redirectUrl] },
    clientInformation: () => undefined,
    saveClientInformation: () => {},
    tokens: () => undefined,
    saveTokens: () => {},
    redirectToAuthorization: (url) => void opened.push(url.href),
    saveCodeVerifier: () => {},
    codeVerifier: () => 'verifier',
  };
}
