import type { Database } from '../db/database.js';
import type { PageGrant, User } from './user.js';

export interface UserWithPassword extends User {
  readonly passwordHash: string | null;
}

export interface UserStore {
  findByEmail(email: string): Promise<UserWithPassword | undefined>;
  findById(id: string): Promise<User | undefined>;
  grantsOf(id: string): Promise<readonly PageGrant[]>;
  /** One indexed look-up: asked on every MCP request. */
  isEnabled(id: string): Promise<boolean>;
  /** Answers whether there is such a user. */
  setDisabled(email: string, disabled: boolean): Promise<boolean>;
}

export function userStore(database: Database): UserStore {
  return {
    async findByEmail(email) {
      const [user] = await database.query<UserWithPassword>(
        `select id, email, name, role, disabled, password_hash as "passwordHash"
         from users where email = lower($1)`,
        [email],
      );
      return user;
    },
    async findById(id) {
      const [user] = await database.query<User>(
        'select id, email, name, role, disabled from users where id = $1',
        [id],
      );
      return user;
    },
    grantsOf: (id) =>
      database.query<PageGrant>('select page_id as "pageId", level from page_grants where user_id = $1', [
        id,
      ]),
    async isEnabled(id) {
      const rows = await database.query('select 1 from users where id = $1 and not disabled', [id]);
      return rows.length === 1;
    },
    async setDisabled(email, disabled) {
      const rows = await database.query(
        'update users set disabled = $2 where email = lower($1) returning id',
        [email, disabled],
      );
      return rows.length === 1;
    },
  };
}
