import { expect } from 'chai';
import { install, loadedBy, packagesOf } from './support.js';

/** What Node may load for each way into the package, besides the package itself. */
const OWN = 'express-mcp-guards';

describe('loading only what is needed', function () {
  this.timeout(180_000);
  let folder: string;

  before(async () => {
    folder = await install('oldest');
  });

  it('the main entry loads neither express nor jose nor a subpath', async () => {
    const files = await loadedBy(folder, `await import('${OWN}')`);
    expect(packagesOf(files)).to.include.members([OWN, 'passport', 'lru-cache', 'rate-limiter-flexible']);
    expect(packagesOf(files)).to.not.include.members(['express']);
    expect(packagesOf(files).filter((name) => name.startsWith('@modelcontextprotocol/'))).to.deep.equal([]);
    expect(packagesOf(files)).to.not.include.members(['jose']);
    expect(files.filter((file) => /dist\/(jwt|passwords|testing|redis|v2)\//.test(file))).to.deep.equal([]);
  });

  it('./passwords loads no other package, and of this one no guard', async () => {
    const files = await loadedBy(folder, `await import('${OWN}/passwords')`);
    expect(packagesOf(files)).to.deep.equal([OWN]);
    expect(files.filter((file) => !/dist\/((errors|options)\.js|passwords\/)/.test(file))).to.deep.equal([]);
  });

  it('./v2 loads the second generation of the SDK, and nothing of the first', async () => {
    const files = await loadedBy(await install('both-eras'), `await import('${OWN}/v2')`);
    expect(packagesOf(files)).to.include.members([OWN, '@modelcontextprotocol/server']);
    expect(
      files.filter((file) => /dist\/(guards|jwt|passwords|testing)\/|handler\/mcp-handler/.test(file)),
    ).to.deep.equal([]);
  });

  it('./jwt loads jose alone, and no guard', async () => {
    const files = await loadedBy(folder, `await import('${OWN}/jwt')`);
    expect(packagesOf(files)).to.deep.equal([OWN, 'jose']);
    const own = files.filter((file) => file.startsWith(`${OWN}/`));
    expect(own.filter((file) => !/dist\/((errors|options)\.js|jwt\/)/.test(file))).to.deep.equal([]);
  });

  it('./testing loads no other package, and no guard', async () => {
    const files = await loadedBy(folder, `await import('${OWN}/testing')`);
    expect(packagesOf(files)).to.deep.equal([OWN]);
    expect(files.filter((file) => /dist\/(guards|handler|jwt|passwords)\//.test(file))).to.deep.equal([]);
  });

  it('the command loads no other package, and no guard', async () => {
    const main = `node_modules/${OWN}/dist/audit/main.js`;
    const files = await loadedBy(
      folder,
      `process.argv.push('audit', '--list'); await import(process.cwd() + '/${main}')`,
    );
    expect(packagesOf(files)).to.deep.equal([OWN]);
    expect(files.filter((file) => !/dist\/(audit|http)\//.test(file))).to.deep.equal([]);
  });

  it('sees what is loaded: a server of the SDK is told from this package', async () => {
    const files = await loadedBy(folder, `await import('@modelcontextprotocol/sdk/server/mcp.js')`);
    expect(packagesOf(files)).to.include('@modelcontextprotocol/sdk').and.not.include(OWN);
  });
});
