import { WikiError } from '../errors.js';
import { mayWith } from '../users/abilities.js';
import type { Caller } from '../users/callers.js';
import { excerptOf } from './excerpt.js';
import type { Page, PageEdit, PageMatch, PageRevision, PageSummary } from './page.js';
import type { PageStore } from './page-store.js';

/**
 * What the wiki does with pages, for REST and MCP alike; nothing happens without a caller.
 * A page that the caller may not read does not exist for them: `not_found`, never `forbidden`.
 */
export interface Pages {
  list(caller: Caller): Promise<readonly PageSummary[]>;
  read(caller: Caller, slug: string): Promise<Page>;
  search(caller: Caller, text: string, limit: number): Promise<readonly PageMatch[]>;
  history(caller: Caller, slug: string, limit: number): Promise<readonly PageRevision[]>;
  /** Rejects with `forbidden`, or with `conflict` when somebody else was faster. */
  edit(caller: Caller, edit: PageEdit): Promise<Page>;
}

export function pagesFrom(store: PageStore): Pages {
  async function read(caller: Caller, slug: string): Promise<Page> {
    const page = await store.find(slug);
    if (page === undefined || !mayWith(caller.ability, 'read', page)) {
      throw new WikiError('not_found', 'There is no such page');
    }
    return page;
  }

  return {
    read,
    async list({ ability }) {
      return (await store.list()).filter((page) => mayWith(ability, 'read', page));
    },
    // The limit comes after the filter: the other way round, hidden pages would show as missing results.
    async search({ ability }, text, limit) {
      const found = (await store.containing(text)).filter((page) => mayWith(ability, 'read', page));
      return found.slice(0, limit).map(({ body, ...page }) => ({ ...page, excerpt: excerptOf(body, text) }));
    },
    async history(caller, slug, limit) {
      return store.revisions((await read(caller, slug)).id, limit);
    },
    async edit(caller, edit) {
      const page = await read(caller, edit.slug);
      if (!mayWith(caller.ability, 'edit', page)) {
        throw new WikiError('forbidden', 'You may read this page, but not edit it');
      }
      if (!(await store.update(page.id, edit, caller.user.id))) {
        const { revision } = await read(caller, edit.slug);
        throw new WikiError(
          'conflict',
          `The page is at revision ${revision} by now: read it again, then edit`,
        );
      }
      return read(caller, edit.slug);
    },
  };
}
