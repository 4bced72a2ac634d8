import type { Database } from '../db/database.js';
import type { Page, PageEdit, PageRevision, PageSummary } from './page.js';

/** Rows in and out, no questions asked: who may see what is decided in `pages.ts`. */
export interface PageStore {
  list(): Promise<readonly PageSummary[]>;
  /** Pages that contain `text`, in any case, in title or body. */
  containing(text: string): Promise<readonly Page[]>;
  find(slug: string): Promise<Page | undefined>;
  /** Newest first. */
  revisions(pageId: string, limit: number): Promise<readonly PageRevision[]>;
  /** Writes the next revision, unless `expectedRevision` is no longer the latest: then `false`. */
  update(pageId: string, edit: PageEdit, authorId: string): Promise<boolean>;
}

const summary = `pages.id, slug, title, visibility, owner_id as "ownerId", revision,
  updated_at as "updatedAt", users.name as "updatedBy"`;
const from = 'from pages join users on users.id = pages.updated_by';

export function pageStore(database: Database): PageStore {
  return {
    list: () => database.query<PageSummary>(`select ${summary} ${from} order by slug`),
    containing: (text) =>
      database.query<Page>(
        `select ${summary}, body ${from}
         where strpos(lower(title || E'\\n' || body), lower($1)) > 0 order by slug`,
        [text],
      ),
    async find(slug) {
      const [page] = await database.query<Page>(`select ${summary}, body ${from} where slug = $1`, [slug]);
      return page;
    },
    revisions: (pageId, limit) =>
      database.query<PageRevision>(
        `select revision, title, summary, users.name as author, created_at as "createdAt"
         from page_revisions join users on users.id = author_id
         where page_id = $1 order by revision desc limit $2`,
        [pageId, limit],
      ),
    async update(pageId, edit, authorId) {
      const rows = await database.query(
        `with updated as (
           update pages
           set title = coalesce($3, title), body = $4, revision = revision + 1,
               updated_at = now(), updated_by = $5
           where id = $1 and revision = $2
           returning *)
         insert into page_revisions (page_id, revision, title, body, summary, author_id)
         select id, revision, title, body, $6, updated_by from updated
         returning revision`,
        [pageId, edit.expectedRevision, edit.title ?? null, edit.body, authorId, edit.summary ?? ''],
      );
      return rows.length === 1;
    },
  };
}
