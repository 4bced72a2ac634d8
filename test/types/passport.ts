// Strategies that exist, as @types/passport describes them, go in as they are.
import type { Request } from 'express';
import { mcpPassport, type PassportOptions, type PassportStrategy, type Principal } from 'express-mcp-guards';
import { Strategy } from 'passport';
import { BasicStrategy, DigestStrategy } from 'passport-http';
import { Strategy as BearerStrategy } from 'passport-http-bearer';

interface User {
  readonly id: string;
  readonly teams: readonly string[];
}
const ada: User = { id: 'ada', teams: ['core'] };
const toPrincipal = ({ id, teams }: User): Principal => ({ subject: id, scopes: teams });

/** The way of `passport-local`, `passport-ldapauth` and their like. */
class LocalStrategy extends Strategy {
  override readonly name = 'local';

  override authenticate(request: Request<unknown, unknown, { username?: string }>): void {
    if (request.body.username === 'ada') this.success(ada);
    else this.fail({ message: 'unknown' });
  }
}

const options: PassportOptions<User> = { scheme: 'Basic', toPrincipal, proofCache: false, timeoutMs: 100 };
const duck: PassportStrategy = { authenticate: (request) => request.ip };

export const guards = [
  mcpPassport(new BasicStrategy((name, _password, done) => done(null, { ...ada, id: name })), options),
  mcpPassport(new DigestStrategy((name, done) => done(null, { id: name }, 'secret')), {
    scheme: 'Digest',
    toPrincipal,
  }),
  mcpPassport(new BearerStrategy((_token, done) => done(null, ada, { scope: 'all' })), {
    scheme: { scheme: 'Bearer' },
    toPrincipal: async (user: User) => (user.teams.includes('core') ? toPrincipal(user) : null),
  }),
  mcpPassport(new LocalStrategy(), { scheme: 'Basic', toPrincipal: (user: User) => ({ subject: user.id }) }),
  mcpPassport(new LocalStrategy(), { scheme: 'X-API-Key', toPrincipal }),
  mcpPassport(duck, { scheme: { header: 'Key' }, toPrincipal }),
];
