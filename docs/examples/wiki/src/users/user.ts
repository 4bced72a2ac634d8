export type Role = 'reader' | 'editor' | 'admin';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly disabled: boolean;
}

/** What one person may do with one private page beyond what their role allows. */
export interface PageGrant {
  readonly pageId: string;
  readonly level: 'read' | 'edit';
}
