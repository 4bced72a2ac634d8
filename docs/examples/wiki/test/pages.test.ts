import { expect } from 'chai';
import { alice, bob, carol } from '../src/db/demo-data.js';
import { pageStore } from '../src/pages/page-store.js';
import { type Pages, pagesFrom } from '../src/pages/pages.js';
import type { Caller } from '../src/users/callers.js';
import { backends } from './support/backends.js';
import { callerNamed, failureCode } from './support/callers.js';

for (const backend of backends) {
  describe(`pages (${backend.name})`, () => {
    async function wiki(): Promise<{ pages: Pages; as: Record<'alice' | 'bob' | 'carol', Caller> }> {
      const database = await backend.fresh();
      return {
        pages: pagesFrom(pageStore(database)),
        as: {
          alice: await callerNamed(database, alice),
          bob: await callerNamed(database, bob),
          carol: await callerNamed(database, carol),
        },
      };
    }
    const slugs = (pages: readonly { slug: string }[]): string[] => pages.map(({ slug }) => slug);

    it('lists for each person what they may read', async () => {
      const { pages, as } = await wiki();
      const open = ['deploy-runbook', 'handbook', 'home'];
      expect(slugs(await pages.list(as.bob))).to.deep.equal([...open, 'retro']);
      expect(slugs(await pages.list(as.alice))).to.have.members([
        ...open,
        'incident-notes',
        'retro',
        'salary-bands',
      ]);
      expect(await pages.list(as.carol)).to.have.length(6);
    });

    it('answers for a hidden page exactly as for none', async () => {
      const { pages, as } = await wiki();
      const messages: string[] = [];
      for (const slug of ['incident-notes', 'no-such-page']) {
        for (const attempt of [
          () => pages.read(as.bob, slug),
          () => pages.history(as.bob, slug, 10),
          () => pages.edit(as.bob, { slug, expectedRevision: 1, body: 'x' }),
          () => pages.edit(as.bob, { slug, expectedRevision: 99, body: 'x' }),
        ]) {
          await attempt().catch((error: Error & { code: string }) =>
            messages.push(`${error.code} ${error.message}`),
          );
        }
      }
      expect(messages).to.deep.equal(Array(8).fill('not_found There is no such page'));
    });

    it('forbids the edit of a page that may only be read', async () => {
      const { pages, as } = await wiki();
      const edit = { expectedRevision: 1, body: 'x' };
      expect(await failureCode(pages.edit(as.bob, { ...edit, slug: 'handbook' }))).to.equal('forbidden');
      expect(await failureCode(pages.edit(as.alice, { ...edit, slug: 'salary-bands' }))).to.equal(
        'forbidden',
      );
      expect((await pages.read(as.bob, 'handbook')).revision).to.equal(1);
    });

    it('keeps who wrote what, and the title where none is given', async () => {
      const { pages, as } = await wiki();
      await pages.edit(as.bob, { slug: 'retro', expectedRevision: 1, body: 'by bob', summary: 'Typos' });
      const page = await pages.edit(as.alice, {
        slug: 'retro',
        expectedRevision: 2,
        body: 'by alice',
        title: 'Retro',
      });
      expect(page).to.include({ revision: 3, body: 'by alice', title: 'Retro', updatedBy: alice.name });
      const history = await pages.history(as.bob, 'retro', 10);
      expect(
        history.map(({ revision, author, title, summary }) => [revision, author, title, summary]),
      ).to.deep.equal([
        [3, alice.name, 'Retro', ''],
        [2, bob.name, 'Team retrospective', 'Typos'],
        [1, alice.name, 'Team retrospective', 'Page created'],
      ]);
      expect(await pages.history(as.bob, 'retro', 1)).to.have.length(1);
    });

    it('lets one of many edits of the same revision win', async () => {
      const { pages, as } = await wiki();
      const codes = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          failureCode(pages.edit(as.alice, { slug: 'home', expectedRevision: 1, body: `text ${index}` })),
        ),
      );
      expect(codes.filter((code) => code === undefined)).to.have.length(1);
      expect(codes.filter((code) => code === 'conflict')).to.have.length(9);
      expect((await pages.read(as.alice, 'home')).revision).to.equal(2);
    });

    it('searches in any case and takes no character for a wildcard', async () => {
      const { pages, as } = await wiki();
      const [match] = await pages.search(as.bob, 'ROLL BACK', 10);
      expect(match).to.include({ slug: 'deploy-runbook' });
      expect(match?.excerpt).to.include('Roll back when it doubles');
      expect(await pages.search(as.bob, '%', 10)).to.deep.equal([]);
      expect(await pages.search(as.bob, '_', 10)).to.deep.equal([]);
    });

    it('finds nothing in hidden pages, and does not let them use up the limit', async () => {
      const { pages, as } = await wiki();
      expect(await pages.search(as.bob, 'stalled for 40 minutes', 10)).to.deep.equal([]);
      // "incident-notes", hidden from bob, comes before "retro" and contains the word as well.
      expect(slugs(await pages.search(as.alice, 'releas', 10))).to.include.members([
        'incident-notes',
        'retro',
      ]);
      expect(slugs(await pages.search(as.bob, 'releas', 2))).to.deep.equal(['deploy-runbook', 'retro']);
    });
  });
}
