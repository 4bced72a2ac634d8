import type { PageGrant, Role } from '../users/user.js';

export interface DemoUser {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly password: string;
}

export interface DemoPage {
  readonly slug: string;
  readonly title: string;
  readonly body: string;
  readonly visibility: 'public' | 'private';
  readonly owner: string;
  readonly grants?: Readonly<Record<string, PageGrant['level']>>;
}

export const alice: DemoUser = {
  email: 'alice@wiki.example',
  name: 'Alice Amsel',
  role: 'editor',
  password: 'rain:in:spain',
};
export const bob: DemoUser = {
  email: 'bob@wiki.example',
  name: 'Bob Bauer',
  role: 'reader',
  password: 'blue-bicycle-7',
};
export const carol: DemoUser = {
  email: 'carol@wiki.example',
  name: 'Carol Curie',
  role: 'admin',
  password: 'tall-chimney-3',
};

export const demoUsers: readonly DemoUser[] = [alice, bob, carol];

export const demoPages: readonly DemoPage[] = [
  {
    slug: 'home',
    title: 'Home',
    body: '# Welcome\n\nStart with the [handbook](handbook) and the [deploy runbook](deploy-runbook).',
    visibility: 'public',
    owner: carol.email,
  },
  {
    slug: 'handbook',
    title: 'Team handbook',
    body: '# Team handbook\n\nStand-up is at 09:30. Holidays go into the calendar two weeks ahead.\nReviews are answered within one working day.',
    visibility: 'public',
    owner: carol.email,
  },
  {
    slug: 'deploy-runbook',
    title: 'Deploy runbook',
    body: '# Deploy runbook\n\n1. Check that the main branch is green.\n2. Tag the release.\n3. Watch the error rate for ten minutes.\n4. Roll back when it doubles.',
    visibility: 'public',
    owner: alice.email,
  },
  {
    slug: 'incident-notes',
    title: 'Incident notes',
    body: '# Incident notes\n\nThe release queue stalled for 40 minutes. Draft: not to be shared before the review.',
    visibility: 'private',
    owner: alice.email,
  },
  {
    slug: 'retro',
    title: 'Team retrospective',
    body: '# Team retrospective\n\nKeep: pairing on releases.\nDrop: two trackers.\nTry: a quiet hour.',
    visibility: 'private',
    owner: alice.email,
    grants: { [bob.email]: 'edit' },
  },
  {
    slug: 'salary-bands',
    title: 'Salary bands',
    body: '# Salary bands\n\nReviewed every spring. Alice reads along for the budget of her team.',
    visibility: 'private',
    owner: carol.email,
    grants: { [alice.email]: 'read' },
  },
];
