import { expect } from 'chai';
import { abilityFor, mayWith, type PageAccess } from '../src/users/abilities.js';
import type { PageGrant, Role, User } from '../src/users/user.js';

const page = (id: string, visibility: PageAccess['visibility'], ownerId: string): PageAccess => ({
  id,
  visibility,
  ownerId,
});
const openPage = page('p1', 'public', 'someone');
const hiddenPage = page('p2', 'private', 'someone');

function rightsOf(user: Partial<User>, target: PageAccess, grants: readonly PageGrant[] = []): string {
  const ability = abilityFor(
    { id: 'me', email: 'me@wiki.example', name: 'Me', role: 'reader', disabled: false, ...user },
    grants,
  );
  return (['read', 'edit'] as const).filter((action) => mayWith(ability, action, target)).join('+');
}

describe('abilities', () => {
  const table: readonly [role: Role, openRights: string, hiddenRights: string][] = [
    ['reader', 'read', ''],
    ['editor', 'read+edit', ''],
    ['admin', 'read+edit', 'read+edit'],
  ];
  for (const [role, openRights, hiddenRights] of table) {
    it(`gives the role ${role} what it is for`, () => {
      expect(rightsOf({ role }, openPage)).to.equal(openRights);
      expect(rightsOf({ role }, hiddenPage)).to.equal(hiddenRights);
    });
  }

  it('lets everybody read and edit their own pages', () => {
    expect(rightsOf({}, page('p3', 'private', 'me'))).to.equal('read+edit');
  });

  it('adds what a grant says, for that page alone', () => {
    const grants: PageGrant[] = [{ pageId: 'p2', level: 'read' }];
    expect(rightsOf({}, hiddenPage, grants)).to.equal('read');
    expect(rightsOf({}, page('p9', 'private', 'someone'), grants)).to.equal('');
  });

  it('takes a grant to edit as one to read, too', () => {
    expect(rightsOf({}, hiddenPage, [{ pageId: 'p2', level: 'edit' }])).to.equal('read+edit');
  });

  it('leaves nothing to a disabled user, not even an admin', () => {
    const grants: PageGrant[] = [{ pageId: 'p2', level: 'edit' }];
    expect(rightsOf({ role: 'admin', disabled: true }, openPage, grants)).to.equal('');
    expect(rightsOf({ disabled: true }, page('p3', 'private', 'me'), grants)).to.equal('');
  });

  it('lets only admins disable users', () => {
    for (const role of ['reader', 'editor', 'admin'] as const) {
      const ability = abilityFor({ id: 'me', email: 'm', name: 'M', role, disabled: false }, []);
      expect(ability.can('disable', 'User'), role).to.equal(role === 'admin');
    }
  });
});
