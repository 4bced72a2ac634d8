import {
  AbilityBuilder,
  createMongoAbility,
  type ForcedSubject,
  type MongoAbility,
  subject,
} from '@casl/ability';
import type { PageGrant, User } from './user.js';

/** What a rule may look at. */
export interface PageAccess {
  readonly id: string;
  readonly ownerId: string;
  readonly visibility: 'public' | 'private';
}

export type WikiAbility = MongoAbility<
  ['read' | 'edit', 'Page' | (PageAccess & ForcedSubject<'Page'>)] | ['disable', 'User']
>;

/** Everything this person may do, in one place for REST and MCP. */
export function abilityFor(user: User, grants: readonly PageGrant[]): WikiAbility {
  const { can, build } = new AbilityBuilder<WikiAbility>(createMongoAbility);
  if (user.disabled) return build();
  can('read', 'Page', { visibility: 'public' });
  can(['read', 'edit'], 'Page', { ownerId: user.id });
  can('read', 'Page', { id: { $in: grants.map(({ pageId }) => pageId) } });
  can('edit', 'Page', {
    id: { $in: grants.filter(({ level }) => level === 'edit').map(({ pageId }) => pageId) },
  });
  if (user.role === 'editor') can('edit', 'Page', { visibility: 'public' });
  if (user.role === 'admin') {
    can(['read', 'edit'], 'Page');
    can('disable', 'User');
  }
  return build();
}

export function mayWith(ability: WikiAbility, action: 'read' | 'edit', page: PageAccess): boolean {
  const { id, ownerId, visibility } = page;
  return ability.can(action, subject('Page', { id, ownerId, visibility }));
}
