import type { SessionBinding } from '../../../lib/index.js';
import { guarded, type Setting } from '../../support/guarded.js';
import type { Served } from '../../support/serve.js';
import { guardedV2 } from '../../v2/support.js';
import { type Watch, watch } from './seen.js';

export interface Watched extends AsyncDisposable, Watch {
  readonly url: URL;
  readonly sessions: SessionBinding;
}

type Wanted = Pick<Setting, 'basic' | 'before'>;

/** The guarded app on SDK v1, and what its server sees. */
export const watchedV1 = async (setting: Wanted = {}): Promise<Watched> => watched(await guarded(setting));

/** The same on SDK v2, which serves both eras. */
export const watchedV2 = async (setting: Wanted = {}): Promise<Watched> => watched(await guardedV2(setting));

function watched(
  app: AsyncDisposable & Pick<Watched, 'url' | 'sessions'> & { readonly served: Served },
): Watched {
  return Object.assign(watch(app.served.server), {
    url: app.url,
    sessions: app.sessions,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  });
}
