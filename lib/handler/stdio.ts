import { authInfoFor } from '../authentication/auth-info.js';
import { checkOptions, hasMethods, type OptionRule, required, rule } from '../options.js';
import { isPrincipal, sealPrincipal } from '../principal.js';
import { EndSignal } from '../sessions/end-signal.js';
import { runAs } from '../sessions/principal-context.js';
import { sessionCredentials } from '../sessions/session-credentials.js';
import type { AuthInfo, ForwardedCredentials, Principal } from '../types.js';
import { type ServerOrder, serverOrder } from './create-server.js';

export interface StdioOptions {
  /** Required. Whom the process works for: its environment says who, and there is nobody else. */
  readonly principal: Principal;
  /** What the server presents upstream, as `mcpForwardedCredentials` hands it over for a request. */
  readonly credentials?: ForwardedCredentials;
  /** Gets errors of the transport, mistakes of the client among them. */
  readonly onError?: (error: unknown) => void;
}

export interface StdioServing {
  /** Ends it; the end of standard input does so, too. */
  close(): Promise<void>;
}

/** The messages of a transport, as the SDK takes them from it. */
export interface MessageSource {
  onmessage?: (message: object, extra?: { authInfo?: AuthInfo }) => void;
}

/** One process for one caller. */
export interface StdioCaller {
  /** Aborted by `end`. */
  readonly order: ServerOrder;
  end(): void;
  /** Runs `work`, and all it starts, as the caller. */
  act<T>(work: () => T): T;
  /** Makes whatever `transport` receives run as the caller, and tools learn of it as they do over HTTP. */
  receives<T extends MessageSource>(transport: T): T;
}

const credentialsRule: OptionRule = {
  must: 'what forwardedCredentials returns, or an object with fetch and get',
  test: (value) => hasMethods(value, ['fetch', 'get']),
};

/** Throws `TypeError` for bad options. */
export function stdioCaller(options: StdioOptions & { readonly createServer: unknown }): StdioCaller {
  checkOptions('serveStdio', options, {
    createServer: required(rule.callback),
    principal: { must: 'a principal with a non-empty subject', test: isPrincipal, required: true },
    credentials: credentialsRule,
    onError: rule.callback,
  });
  const principal = sealPrincipal(options.principal);
  const { credentials: forwarded } = options;
  const authInfo = authInfoFor(principal, undefined, undefined);
  const ending = new EndSignal();
  const credentials = sessionCredentials(forwarded, ending);
  const act = <T>(work: () => T): T => runAs(principal, work, forwarded);
  return {
    order: serverOrder(principal, undefined, credentials, ending),
    end: () => ending.abort(),
    act,
    receives(transport) {
      let deliver: MessageSource['onmessage'];
      return Object.defineProperty(transport, 'onmessage', {
        get: () => deliver,
        set(next: NonNullable<MessageSource['onmessage']>) {
          deliver = (message, extra) => act(() => next(message, { ...extra, authInfo }));
        },
      });
    },
  };
}
