import { accountKey } from '../../lib/http/account-key.js';
import { parseBasic, parseBearer, readAuthorization } from '../../lib/http/authorization.js';
import { formatChallenge } from '../../lib/http/challenge.js';
import { clientKey } from '../../lib/http/client-key.js';
import { headerValues, withoutHeader } from '../../lib/http/headers.js';
import { hostMatcher, originMatcher } from '../../lib/http/host.js';
import { isJsonType, isPlainJson, parseJson } from '../../lib/http/json.js';
import { queryValues } from '../../lib/http/query.js';
import { headerSessionId } from '../../lib/http/session-id.js';
import { linesOf } from './target.js';

type Reader = (value: string) => unknown;

const matchesHost = hostMatcher(['app.example', '[::1]']);
const matchesOrigin = originMatcher(undefined, ['app.example', '[::1]']);
const readJson: Reader = (value) => isPlainJson(parseJson(Buffer.from(value))?.value);

/** What a target reads with, without what it is compared with. */
const READERS: Readonly<Record<string, Reader>> = {
  basic: parseBasic,
  'basic-bytes': (value) => parseBasic(Buffer.from(value, 'latin1').toString('base64')),
  bearer: parseBearer,
  authorization: (value) => readAuthorization(linesOf(value)),
  headers: (value) => withoutHeader(linesOf(value), 'x') && headerValues(linesOf(value), 'x'),
  'session-id': (value) => headerSessionId({ rawHeaders: linesOf(value) }),
  challenge: (value) => formatChallenge('Bearer', { realm: value.replace(/\n/g, '') }),
  'account-key': accountKey,
  'client-key': clientKey,
  host: (value) => matchesHost([value]),
  origin: (value) => matchesOrigin([`https://${value}`]),
  json: readJson,
  'json-bytes': readJson,
  'json-type': isJsonType,
  query: (value) => queryValues(value, 'access_token'),
};

/** The reader of a target. */
export function faultless(name: string): Reader {
  const reader = READERS[name];
  if (!reader) throw new Error(`nothing reads ${name}`);
  return reader;
}

/** At one of these lengths an engine may change its ways, and is linear before and after. */
const SHORT = [4096, 8192] as const;
const TIMES = 8;
const TRIES = 7;
/** Below that a machine's own noise is larger than any work; quadratic work would take much longer. */
const NOISE_MS = 2;

/** Longer than what interrupts a machine: once is enough. */
const ENOUGH_MS = 20;

/** Milliseconds that this process has worked, not waited: how busy the machine is else does not count. */
function workedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function fastest(reader: Reader, value: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < TRIES; n += 1) {
    const since = workedMs();
    reader(value);
    least = Math.min(least, workedMs() - since);
    if (least > ENOUGH_MS) break;
  }
  return least;
}

/** What a busy machine adds to one measurement it does not add to all of them. */
const MEASURED = 4;

/**
 * How many times the work becomes where the length becomes eight times as much: a ratio, whatever the machine. It is
 * measured again as long as it is more than `most`; the least counts.
 */
export function growthOf(reader: Reader, make: (length: number) => string, most: number): number {
  let growth = Number.POSITIVE_INFINITY;
  for (let n = 0; n < MEASURED && growth > most; n += 1) {
    const short = n % 2 === 0 ? SHORT[0] : SHORT[1];
    const long = fastest(reader, make(short * TIMES));
    growth = Math.min(growth, long < NOISE_MS ? 1 : long / fastest(reader, make(short)));
  }
  return growth;
}
