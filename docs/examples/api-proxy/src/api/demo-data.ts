import { Accounts, type User } from './accounts.js';
import { Projects } from './projects.js';

/** A user with the key to try them with. */
export interface DemoKey {
  readonly user: User;
  readonly keyId: string;
  readonly secret: string;
}

export const north = { id: 'org-north', name: 'Acme North' };
export const south = { id: 'org-south', name: 'Acme South' };

/** An admin in one organisation, a viewer in the other. */
export const ada: DemoKey = {
  user: {
    id: 'user-ada',
    name: 'Ada',
    roles: new Map([
      [north.id, 'admin'],
      [south.id, 'viewer'],
    ]),
  },
  keyId: 'key-ada',
  secret: 'demo-secret-of-ada',
};
export const bob: DemoKey = {
  user: { id: 'user-bob', name: 'Bob', roles: new Map([[south.id, 'editor']]) },
  keyId: 'key-bob',
  secret: 'demo-secret-of-bob',
};

export interface DemoData {
  readonly accounts: Accounts;
  readonly projects: Projects;
}

export function demoData(): DemoData {
  const accounts = new Accounts([north, south]);
  for (const { user, keyId, secret } of [ada, bob]) accounts.addKey(user, keyId, secret);
  const projects = new Projects();
  projects.create(north.id, 'Lighthouse', ada.user.id);
  projects.create(south.id, 'Harbour', bob.user.id);
  return { accounts, projects };
}
