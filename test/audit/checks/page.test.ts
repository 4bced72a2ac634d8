import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { allChecks } from '../../../lib/audit/checks/index.js';
import { help } from '../../../lib/audit/cli/help.js';

describe('docs/audit.md', () => {
  let page: string;
  before(async () => {
    // The suites run at the root of the repository, compiled or not.
    page = await readFile(join(process.cwd(), 'docs/audit.md'), 'utf8');
  });

  it('tells of every check and of every fault what the report tells', () => {
    const sections = new Map(
      page.split('\n### ').map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
    );
    for (const { id, title, faults } of allChecks) {
      const section = sections.get(id) ?? '';
      expect(section, id).to.include(`\n\n${title}.`);
      const rows = faults.map(
        (fault) =>
          `| \`${fault.id}\`: ${fault.title} | ${fault.severity} | ${fault.reason} | ${fault.standards.join('; ')} | ${fault.fix} |`,
      );
      expect(section.split('\n').filter((line) => line.startsWith('| `'))).to.deep.equal(rows);
    }
  });

  it('tells of every option that the help names', () => {
    for (const option of help.match(/--[\w-]+/g) ?? []) {
      if (!['--help', '--version'].includes(option)) expect(page).to.include(option);
    }
  });
});
