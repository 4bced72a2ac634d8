const users = `
  create table users (
    id            text primary key default gen_random_uuid()::text,
    email         text not null unique check (email = lower(email)),
    name          text not null,
    role          text not null check (role in ('reader', 'editor', 'admin')),
    password_hash text,
    disabled      boolean not null default false
  );`;

const pages = `
  create table pages (
    id         text primary key default gen_random_uuid()::text,
    slug       text not null unique,
    title      text not null,
    body       text not null,
    visibility text not null check (visibility in ('public', 'private')),
    owner_id   text not null references users,
    revision   integer not null default 1,
    updated_at timestamptz not null default now(),
    updated_by text not null references users
  );
  create table page_grants (
    page_id text not null references pages on delete cascade,
    user_id text not null references users on delete cascade,
    level   text not null check (level in ('read', 'edit')),
    primary key (page_id, user_id)
  );
  create table page_revisions (
    page_id    text not null references pages on delete cascade,
    revision   integer not null,
    title      text not null,
    body       text not null,
    summary    text not null,
    author_id  text not null references users,
    created_at timestamptz not null default now(),
    primary key (page_id, revision)
  );`;

/** One row per MCP session. The session id is as good as a credential, so only its hash is kept. */
const audit = `
  create table mcp_sessions (
    session_hash text primary key,
    user_id      text not null references users,
    method       text not null,
    started_at   timestamptz not null default now(),
    ended_at     timestamptz,
    end_reason   text
  );`;

/** In order; a step that was released is never edited. */
export const migrations: readonly string[] = [users, pages, audit];
