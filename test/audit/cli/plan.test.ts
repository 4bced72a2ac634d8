import { expect } from 'chai';

import type { AuditPlan } from '../../../lib/audit/audit.js';
import { allChecks } from '../../../lib/audit/checks/index.js';
import { typed } from '../../../lib/audit/cli/options.js';
import { type Environment, planFrom } from '../../../lib/audit/cli/plan.js';
import { UsageError } from '../../../lib/audit/cli/usage-error.js';
import { basic } from '../../support/call.js';

const HERE = 'http://127.0.0.1:1/mcp';

function plan(args: readonly string[] = [], env: Environment = {}): AuditPlan {
  const { values, words } = typed([HERE, ...args]);
  return planFrom(values, words, env);
}

function refusalOf(args: readonly string[], address = HERE): string {
  const { values, words } = typed([address, ...args]);
  try {
    planFrom(values, words, {});
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error(`not refused: ${[address, ...args].join(' ')}`);
}

const ADA = [['Authorization', basic('ada', 'right')]] as const;
const BOB = [['Authorization', 'Bearer token-of-bob']] as const;

describe('the plan of an audit', () => {
  it('is every check, with nothing that asks for consent, where only a URL is given', () => {
    const { url, ...more } = plan();
    expect(url.href).to.equal(HERE);
    expect(more).to.deep.equal({
      ...{ headers: [], first: undefined, second: undefined, timeoutMs: 10_000, checks: allChecks },
      ...{ guesses: undefined, tokenInQuery: false, legacySse: undefined },
    });
  });

  it('takes two credentials from the command line', () => {
    const { first, second } = plan(['--user', 'ada:right', '--second-bearer', 'token-of-bob']);
    expect([first, second]).to.deep.equal([ADA, BOB]);
    const turned = plan(['--bearer', 'token-of-bob', '--second-user', 'ada:right']);
    expect([turned.first, turned.second]).to.deep.equal([BOB, ADA]);
    const keys = plan([
      '--credential',
      'X-Key: a',
      '--credential',
      'X-Id: 1',
      '--second-credential',
      'X-Key: b',
    ]);
    expect([keys.first, keys.second]).to.deep.equal([
      [
        ['X-Key', 'a'],
        ['X-Id', '1'],
      ],
      [['X-Key', 'b']],
    ]);
  });

  it('takes them from the environment', () => {
    const users = plan([], { MCP_AUDIT_USER: 'ada:right', MCP_AUDIT_SECOND_BEARER: 'token-of-bob' });
    expect([users.first, users.second]).to.deep.equal([ADA, BOB]);
    const bearers = plan([], { MCP_AUDIT_BEARER: 'token-of-bob', MCP_AUDIT_SECOND_USER: 'ada:right' });
    expect([bearers.first, bearers.second]).to.deep.equal([BOB, ADA]);
    const keys = plan([], {
      MCP_AUDIT_CREDENTIAL: 'X-Key: a',
      MCP_AUDIT_SECOND_CREDENTIAL: 'X-Key: b',
      MCP_AUDIT_HEADER: 'X-Gateway: g',
    });
    expect([keys.first, keys.second, keys.headers]).to.deep.equal([
      [['X-Key', 'a']],
      [['X-Key', 'b']],
      [['X-Gateway', 'g']],
    ]);
  });

  it('prefers what was typed to the environment', () => {
    const env = {
      ...{ MCP_AUDIT_USER: 'eve:x', MCP_AUDIT_HEADER: 'X-Gateway: e' },
      ...{ MCP_AUDIT_SECOND_CREDENTIAL: 'X-Key: e' },
    };
    const typedIn = ['--user', 'ada:right', '--header', 'X-Gateway: g', '--second-credential', 'X-Key: b'];
    const { first, second, headers } = plan(typedIn, env);
    expect([first, second, headers]).to.deep.equal([ADA, [['X-Key', 'b']], [['X-Gateway', 'g']]]);
  });

  it('takes Basic and Bearer for two people, also where the token looks like the user', () => {
    expect(plan(['--user', 'ada:x', '--second-credential', 'X-Key: b']).second).to.deep.equal([
      ['X-Key', 'b'],
    ]);
    // base64 of `ada:y`
    expect(plan(['--user', 'ada:x', '--second-bearer', 'YWRhOnk=']).second).to.have.length(1);
    expect(plan(['--credential', 'X-Key: a', '--second-credential', 'X-Key: b']).second).to.have.length(1);
    expect(plan(['--user', 'ada:x', '--second-user', 'bob:x']).second).to.have.length(1);
    const same = 'the second credential must be of another person';
    expect(
      refusalOf(['--user', 'ada:x', '--second-credential', `authorization: ${basic('ada', 'y')}`]),
    ).to.equal(same);
    expect(refusalOf(['--credential', 'X-Key: a', '--second-credential', 'X-Key: a'])).to.equal(same);
  });

  it('attacks another machine only where its very name is confirmed', () => {
    const args = ['--confirm-host', 'a.example', '--confirm-host', 'mcp.example'];
    const { values, words } = typed([
      'https://mcp.example/mcp',
      ...args,
      '--legacy-sse',
      'http://a.example/sse',
    ]);
    const { url, legacySse } = planFrom(values, words, {});
    expect([url.href, legacySse?.href]).to.deep.equal(['https://mcp.example/mcp', 'http://a.example/sse']);
    for (const confirmed of [[], ['--confirm-host', 'example'], ['--confirm-host', 'https://mcp.example']]) {
      expect(refusalOf(confirmed, 'https://mcp.example/mcp')).to.equal(
        'mcp.example is not this machine: attack it only if you may, with --confirm-host mcp.example',
      );
    }
  });

  it('takes no URL of another kind, nor one that holds a credential', () => {
    for (const address of ['ftp://127.0.0.1/', 'xhttp://127.0.0.1/', 'https+x://127.0.0.1/', 'mcp', '']) {
      expect(refusalOf([], address), address).to.equal('the URL must begin with http:// or https://');
    }
    for (const address of ['http://ada@127.0.0.1/', 'http://:x@127.0.0.1/', 'http://ada:x@127.0.0.1/']) {
      expect(refusalOf([], address), address).to.equal(
        'the URL must hold no credential: give it with --user',
      );
    }
    expect(refusalOf(['--legacy-sse', 'sse'])).to.equal('--legacy-sse must begin with http:// or https://');
  });

  it('keeps a query, and drops what is not sent', () => {
    const { values, words } = typed(['http://localhost/mcp?tenant=1#part']);
    expect(planFrom(values, words, {}).url.href).to.equal('http://localhost/mcp?tenant=1');
  });

  it('guesses and sends a token in a URL only where it is told to', () => {
    expect(plan(['--brute-force']).guesses).to.deep.equal({ count: 20, account: undefined });
    expect(plan(['--brute-force', '--guesses', '2.5', '--account', 'ada']).guesses).to.deep.equal({
      ...{ count: 3, account: 'ada' },
    });
    expect(plan(['--brute-force', '--guesses', '1000']).guesses?.count).to.equal(1000);
    for (const args of [
      ['--guesses', '5'],
      ['--account', 'ada'],
    ]) {
      expect(refusalOf(args)).to.equal('--guesses and --account go with --brute-force');
    }
    expect(plan(['--token-in-query']).tokenInQuery).to.equal(true);
  });

  it('counts seconds', () => {
    expect(plan(['--timeout', '0.5']).timeoutMs).to.equal(500);
    expect(plan(['--timeout', '600']).timeoutMs).to.equal(600_000);
    for (const value of ['0', '-1', '601', 'x', 'NaN']) {
      expect(refusalOf([`--timeout=${value}`]), value).to.equal(
        '--timeout must be a number above 0, at most 600',
      );
    }
  });

  it('is for one URL, and one person before another', () => {
    for (const words of [[], [HERE, HERE], [HERE, 'x', 'y']]) {
      expect(() => planFrom({}, words, {}), words.join(' ')).to.throw(UsageError, /^audit takes one URL$/);
    }
    expect(refusalOf(['--second-user', 'ada:x'])).to.equal('a second credential needs a first');
    expect(refusalOf(['--second-user', 'ada'])).to.equal("--second-user must be 'name:password'");
    expect(refusalOf(['--user', 'ada'])).to.equal("--user must be 'name:password'");
    expect(refusalOf(['--brute-force', '--guesses', '0'])).to.equal(
      '--guesses must be a number above 0, at most 1000',
    );
    expect(new UsageError('x').name).to.equal('UsageError');
  });

  it('chooses among the checks', () => {
    const ids = (...args: string[]): string[] => plan(args).checks.map(({ id }) => id);
    expect(ids('--only', 'cors', '--only', 'host')).to.have.members(['cors', 'host']);
    expect(ids('--skip', 'cors'))
      .to.have.length(allChecks.length - 1)
      .and.to.not.include('cors');
    expect(ids('--only', 'cors', '--only', 'host', '--skip', 'cors')).to.deep.equal(['host']);
    const names = '--only and --skip take the names that --list shows';
    expect(refusalOf(['--only', 'cors', '--only', 'x'])).to.equal(names);
    expect(refusalOf(['--skip', 'x'])).to.equal(names);
    expect(refusalOf(['--only', 'cors', '--skip', 'cors'])).to.equal('no check is left');
  });

  it('takes no Authorization among what goes along with every request', () => {
    expect(refusalOf(['--header', 'AUTHORIZATION: Bearer x'])).to.match(
      /^--header goes along with every request/,
    );
    expect(refusalOf(['--header', 'x'])).to.equal("--header must be 'Name: value'");
    expect(refusalOf(['--header', '@/no/such/file'])).to.equal('--header: the file cannot be read');
  });
});
