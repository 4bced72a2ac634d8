import { McpGuardError, mcpLoginLimiter } from '../../../lib/index.js';
import { basic } from '../../support/call.js';
import { as, type Setting } from '../../support/guarded.js';
import type { Watched } from './apps.js';

type Headers = Readonly<Record<string, string>>;

/** What every client asks for, in this order, where it has an OAuth provider and meets a 401 without metadata. */
export const OAUTH_ATTEMPT = [
  'GET /.well-known/oauth-protected-resource/mcp 404',
  'GET /.well-known/oauth-protected-resource 404',
  'GET /.well-known/oauth-authorization-server 404',
  'GET /.well-known/openid-configuration 404',
  'POST /register 404',
];

export const WRONG: Headers = { authorization: basic('ann', 'wrong') };

export interface RefusedCase {
  readonly status: number;
  readonly code: string;
  readonly headers: Headers;
  readonly setting: Pick<Setting, 'basic' | 'before'>;
  /** Before the client comes. */
  prepare?(app: Watched): Promise<void>;
}

/** The refusals that a client can meet on its first contact. */
export const REFUSED: readonly RefusedCase[] = [
  { status: 401, code: 'missing_credentials', headers: {}, setting: {} },
  { status: 401, code: 'invalid_credentials', headers: WRONG, setting: {} },
  {
    status: 403,
    code: 'forbidden',
    headers: as('ann'),
    setting: {
      basic: {
        verify: () => {
          throw new McpGuardError('forbidden');
        },
      },
    },
  },
  {
    status: 429,
    code: 'too_many_attempts',
    headers: { authorization: basic('ann', 'another') },
    setting: { before: [mcpLoginLimiter({ points: 1 })] },
    async prepare({ url, forget }) {
      await (await fetch(url, { method: 'POST', headers: WRONG })).text();
      forget();
    },
  },
  {
    status: 503,
    code: 'unavailable',
    headers: as('ann'),
    setting: {
      basic: {
        verify: () => {
          throw new Error('no database');
        },
      },
    },
  },
];
