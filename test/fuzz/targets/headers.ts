import fc from 'fast-check';

import { headerValues, withoutHeader } from '../../../lib/http/headers.js';
import {
  headerSessionId,
  namedSessionId,
  querySessionId,
  type SentSessionId,
} from '../../../lib/http/session-id.js';
import { lowerAscii, oracleValues } from '../oracle/authorization.js';
import { asLatin1, linesOf, must, mustAgree, type Target } from '../target.js';

const NAME = 'x-mcp-token';
const NAMES = [
  'X-MCP-Token',
  'x-mcp-token',
  'X-MCP-TOKEN',
  'X-MCP-Token ',
  'x_mcp_token',
  'Mcp-Session-Id',
  'MCP-SESSION-ID',
  '',
];
const ID = 'Zz09_-'.repeat(7).slice(0, 43).padEnd(43, 'A');
const IDS = [
  ID,
  `${ID}A`,
  ID.slice(1),
  `${ID.slice(1)}+`,
  `${ID.slice(1)}é`,
  '',
  ' ',
  'a b',
  'constructor',
  '__proto__',
  '\x7f',
  '\x00',
];

const fields = fc
  .array(
    fc.tuple(fc.constantFrom(...NAMES), fc.oneof(fc.constantFrom(...IDS), fc.string({ maxLength: 5 }))),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.flat().join('\n'));

/** Names and values of header fields, one a line. */
export const headersTarget = (valuesOf = headerValues, without = withoutHeader): Target => ({
  name: 'headers',
  seeds: ['X-MCP-Token\na', 'a\nb\nX-MCP-TOKEN\nc\nx-mcp-token\nd', 'X-MCP-Token', '', 'x-mcp-token\n'],
  pieces: [...NAMES, '\n', 'x', '\xe9', '\xdd'],
  values: fields,
  check(value) {
    const lines = linesOf(asLatin1(value));
    mustAgree(valuesOf(lines, NAME), oracleValues(lines, NAME), 'headerValues');
    const rest = without(lines, NAME);
    mustAgree(valuesOf(rest, NAME), [], 'after withoutHeader');
    const others = lines.filter((_, at) => lowerAscii(lines[at - (at % 2)] as string) !== NAME);
    mustAgree(rest, others, 'what withoutHeader leaves');
  },
});

/** RFC 4648 §5, 32 bytes of it: 43 characters. */
const isMinted = (id: string): boolean =>
  id.length === 43 && [...id].every((character) => /\w|-/.test(character) && character.charCodeAt(0) < 0x80);

function oracleSent(values: readonly string[]): SentSessionId {
  const [id, ...others] = values;
  if (id === undefined) return { kind: 'none' };
  const isVisible = id !== '' && [...id].every((character) => character > ' ' && character <= '~');
  return others.length > 0 || !isVisible ? { kind: 'invalid' } : { kind: 'sent', id, isOurs: isMinted(id) };
}

/** Names and values of header fields, one a line; the last value is the query as well. */
export const sessionIdTarget = (readId = headerSessionId): Target => ({
  name: 'session-id',
  seeds: [
    `Mcp-Session-Id\n${ID}`,
    `x\n${ID}`,
    `Mcp-Session-Id\n${ID}\nmcp-session-id\n${ID}`,
    'Mcp-Session-Id\nconstructor',
  ],
  pieces: [...NAMES, ...IDS, '\n', 'Mcp-Session-Id\n'],
  values: fields,
  check(value) {
    const rawHeaders = linesOf(asLatin1(value));
    const sent = readId({ rawHeaders });
    mustAgree(sent, oracleSent(oracleValues(rawHeaders, 'mcp-session-id')), 'the header');
    const id = rawHeaders.at(-1) as string;
    const target = { method: 'POST', originalUrl: `/mcp?sessionId=${encodeURIComponent(id)}` };
    const inQuery = querySessionId(target);
    mustAgree(inQuery, oracleSent([id]), 'the query');
    mustAgree(querySessionId({ ...target, method: 'GET' }), { kind: 'none' }, 'the query of a GET');
    const named = namedSessionId({ ...target, rawHeaders });
    must(named === undefined || isMinted(named), 'an id that was not minted here is looked up');
    const decides = sent.kind === 'none' ? inQuery : sent;
    mustAgree(
      named,
      decides.kind === 'sent' && isMinted(decides.id) ? decides.id : undefined,
      'which id is named',
    );
  },
});
