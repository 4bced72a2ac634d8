import type { Database } from './database.js';
import { type DemoPage, demoPages, demoUsers } from './demo-data.js';

/** Fills an empty wiki with people and pages to try; leaves any other wiki alone. */
export async function seed(
  database: Database,
  hashPassword: (password: string) => Promise<string>,
): Promise<void> {
  const [found] = await database.query('select 1 from users limit 1');
  if (found !== undefined) return;
  for (const { email, name, role, password } of demoUsers) {
    await database.query(
      `insert into users (email, name, role, password_hash) values ($1, $2, $3, $4)
       on conflict do nothing`,
      [email, name, role, await hashPassword(password)],
    );
  }
  for (const page of demoPages) await seedPage(database, page);
}

async function seedPage(database: Database, page: DemoPage): Promise<void> {
  await database.query(
    `with owner as (select id from users where email = $5),
       created as (
         insert into pages (slug, title, body, visibility, owner_id, updated_by)
         select $1, $2, $3, $4, id, id from owner
         on conflict do nothing
         returning *)
     insert into page_revisions (page_id, revision, title, body, summary, author_id)
     select id, revision, title, body, 'Page created', updated_by from created`,
    [page.slug, page.title, page.body, page.visibility, page.owner],
  );
  for (const [email, level] of Object.entries(page.grants ?? {})) {
    await database.query(
      `insert into page_grants (page_id, user_id, level)
       select pages.id, users.id, $3 from pages, users where slug = $1 and email = $2
       on conflict do nothing`,
      [page.slug, email, level],
    );
  }
}
