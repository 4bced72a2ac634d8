// Writes a bill of materials (CycloneDX 1.6, JSON) of what installing this package brings along: `npm run sbom [-- FILE]`.
import { readFileSync, writeFileSync } from 'node:fs';

import { dependencies } from './dependencies.mjs';

const { name, version, license } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);
const purlOf = (of) => `pkg:npm/${of.name.replace('@', '%40')}@${of.version}`;
const licensesOf = (of) => (of.license === undefined ? {} : { licenses: [{ license: { id: of.license } }] });

const components = dependencies().map((of) => ({
  type: 'library',
  'bom-ref': purlOf(of),
  name: of.name,
  version: of.version,
  purl: purlOf(of),
  ...licensesOf(of),
  hashes: [
    { alg: 'SHA-512', content: Buffer.from(of.integrity.slice('sha512-'.length), 'base64').toString('hex') },
  ],
}));
const self = { name, version, license };
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: {
    component: {
      type: 'library',
      'bom-ref': purlOf(self),
      name,
      version,
      purl: purlOf(self),
      ...licensesOf(self),
    },
  },
  components,
};

const text = `${JSON.stringify(bom, null, 2)}\n`;
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
