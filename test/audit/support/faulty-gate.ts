import { type Caller, type Exchange, type Has, refusal } from './faulty-exchange.js';

type Asked = Omit<Exchange, 'caller'>;

const NOBODY: Caller = { name: 'nobody', isProven: false };
const proven = (name: string): Caller => ({ name, isProven: true });
const LIMIT = 5;

/** Origin, Host and credential: who may go on; where nobody, the refusal is written. */
export function gateFor(has: Has): (asked: Asked) => Caller | undefined {
  let failures = 0;

  function refuse(asked: Asked, why: 'none' | 'unusable' | 'wrong', isBearer = false): undefined {
    const { reply } = asked;
    const isLimited = why === 'wrong' && !has(isBearer ? 'limits no tokens' : 'limits no passwords');
    if (isLimited) failures += 1;
    if (isLimited && failures > LIMIT)
      return void reply(
        429,
        refusal('slow down'),
        has('says not when to come back') ? {} : { 'retry-after': '60' },
      );
    if (why === 'wrong' && has('breaks on a wrong credential')) return void reply(500, refusal('oops'));
    if (why === 'unusable' && has('breaks on what it cannot read')) return void reply(500, refusal('oops'));
    if (why === 'none' && has('answers 403 for no credential')) return void reply(403, refusal('no'));
    const isInvalid = isBearer && why === 'wrong' && !has('never says invalid_token');
    const lines = challengesFor(
      has,
      asked.header('host') ?? '',
      isInvalid || has('always says invalid_token'),
    );
    return void reply(
      401,
      refusal('who are you?'),
      has('challenges nobody') ? {} : { 'www-authenticate': lines },
    );
  }

  return (asked) => {
    const { request, url, header, reply } = asked;
    const origin = header('origin');
    if (origin && has('reflects the origin')) asked.response.setHeader('access-control-allow-origin', origin);
    if (has('allows all origins with credentials')) {
      asked.response.setHeader('access-control-allow-origin', '*');
      asked.response.setHeader('access-control-allow-credentials', 'true');
    }
    if (has('shows what it is made with')) asked.response.setHeader('x-powered-by', 'Test');
    if (origin && !has('serves any Origin'))
      return void reply(has('answers 400 for a foreign Origin') ? 400 : 403, refusal('origin'));
    if (!header('host')?.startsWith('127.0.0.1') && !has('serves any Host'))
      return void reply(403, refusal('host'));
    if (url.searchParams.has('access_token')) {
      if (has('takes any access_token')) return proven('ada');
      if (!has('looks at access_token')) return void reply(400, refusal('query'));
      return refuse(asked, 'wrong', true);
    }
    const sent = request.rawHeaders.filter(
      (name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization',
    );
    if (sent.length > 1 && !has('takes the first of two credentials')) return void reply(400, refusal('two'));
    const authorization = header('authorization');
    if (authorization === undefined) return mayPass(asked, has) ? NOBODY : refuse(asked, 'none');
    return verdict(asked, authorization);
  };

  function verdict(asked: Asked, authorization: string): Caller | undefined {
    const [, scheme = '', value = ''] = /^(\w+) (\S+)$/.exec(authorization) ?? [];
    const [user = '', password] = Buffer.from(value, 'base64').toString().split(':');
    if (scheme === 'Bearer') {
      if (value === 'token-of-ada' || has('takes any Bearer token')) return proven('ada');
      return refuse(asked, 'wrong', true);
    }
    if (scheme !== 'Basic' || !user || password === undefined)
      return has('passes over what it cannot read') ? proven('service') : refuse(asked, 'unusable');
    const isKnown = user === 'ada' || user === 'bob';
    return isKnown && (password === 'right' || has('takes any password'))
      ? proven(user)
      : refuse(asked, 'wrong');
  }
}

/** The ways past the gate that a fault opens to nobody in particular. */
function mayPass({ request, url, header, body }: Asked, has: Has): boolean {
  const { method = '' } = request;
  const session = header('mcp-session-id');
  if (url.pathname === '/sse') return has('streams HTTP+SSE to anybody');
  if (url.pathname === '/messages') return has('takes an SSE session for a credential');
  if (method === 'PUT') return has('serves PUT without looking');
  if (method === 'HEAD') return has('ends a session on HEAD');
  if (method === 'TRACE') return has('echoes TRACE');
  if (method === 'DELETE') return has('deletes for anybody');
  if (session && has('takes a session id for a credential')) return true;
  if (method === 'GET') return !session && has('streams to anybody');
  if (body.includes('"initialize"')) return has('serves initialize to anybody');
  return body.includes('"tools/list"') && has('serves tools/list to anybody');
}

function challengesFor(has: Has, host: string, isInvalid: boolean): string[] {
  const error = isInvalid ? ', error="invalid_token"' : '';
  const base = 'Bearer realm="test"';
  const metadata = has('names no metadata that is there')
    ? `, resource_metadata="http://${host}/nowhere"`
    : has('names metadata that is no URL')
      ? ', resource_metadata="nowhere"'
      : `, resource_metadata="http://${host}/metadata"`;
  const bearer = has('gives Bearer no parameter') ? 'Bearer' : `${base}${error}${metadata}`;
  const basic = has('names no realm') ? 'Basic charset="UTF-8"' : 'Basic realm="test", charset="UTF-8"';
  // Where Basic is asked for, that is what is guessed.
  if (has('limits no tokens')) return [bearer];
  return [has('forgets a quote') ? 'Bearer realm="test' : bearer, basic];
}
