/** What `--help` prints. */
export const help = `Usage: express-mcp-guards audit <url> [options]

Attacks an MCP endpoint from outside and reports what it found.

Credentials (a value that begins with @ is the name of a file that holds it)
  --user <name:password>          the first credential, as Basic       MCP_AUDIT_USER
  --bearer <token>                … as Bearer                          MCP_AUDIT_BEARER
  --credential <'Name: value'>    … in a header; repeatable            MCP_AUDIT_CREDENTIAL
  --second-user, --second-bearer, --second-credential                  MCP_AUDIT_SECOND_…
                                  that of another person
  --header <'Name: value'>        sent with every request, also those
                                  without a credential; repeatable     MCP_AUDIT_HEADER

What is attacked
  --confirm-host <host>           attack this host, which is not this machine
  --legacy-sse <url>              also the endpoint of HTTP+SSE (2024-11-05)
  --only <check>, --skip <check>  repeatable; --list shows the checks
  --brute-force                   also guess passwords of a made-up account
  --guesses <count>               how many (20)
  --account <name>                … of this account instead, which may be locked by it
  --token-in-query                also send the first token in a URL, where logs keep it

How
  --timeout <seconds>             for each request (10)
  --fail-on high|medium|low       exit with 1 from this severity on (low)
  --json                          the report as JSON
  --list, --help, --version

Exit code: 0 nothing found, 1 something found, 2 it could not be audited.
`;
