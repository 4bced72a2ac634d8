import type { Actor } from '../actor.js';
import type { Fault } from '../finding.js';
import { initialize, ping } from '../messages.js';
import { shapedLike } from '../session-id.js';
import { begin, type Check, type Trial } from '../trial.js';
import { headersOf, isHeldUp, isServed } from '../wire/reply.js';

const ADOPTED: Fault = {
  id: 'session-fixation',
  title: 'A session takes the id that the client brings',
  severity: 'high',
  reason:
    'Who makes a victim’s client begin with an id of their choosing knows the id of the victim’s session.',
  standards: [
    'MCP 2025-11-25, transports, session management: the server assigns the id',
    'OWASP ASVS 5.0, 7.2.4',
  ],
  fix: 'Mint the id on the server, whatever comes with initialize.',
};

const STALE: Fault = {
  id: 'stale-session-id',
  title: 'initialize is refused where it carries an old session id',
  severity: 'advice',
  reason: 'A client that keeps sending the id of a session that is over can never begin another.',
  standards: ['MCP 2025-11-25, transports, session management'],
  fix: 'Begin a new session for every initialize, and take no notice of the id.',
};

export const sessionFixation: Check = {
  id: 'session-fixation',
  title: 'The server chooses the ids of its sessions',
  faults: [ADOPTED, STALE],
  async run(trial) {
    const as = trial.served;
    const pattern = as && trial.hasSessions ? await begin(trial, as) : undefined;
    if (!as || !pattern) {
      trial.leave('the endpoint gives out no session ids, or serves nothing without a credential');
      return;
    }
    const own = shapedLike(pattern.id);
    const reply = await trial.target.ask({ as, message: initialize(), session: own });
    if (isHeldUp(reply)) return trial.leave('initialize was held up');
    const sent = 'initialize with a session id of our own';
    if (!isServed(reply)) {
      trial.hold();
      return trial.find(STALE, { sent, seen: `${reply.status}` });
    }
    if (headersOf(reply, 'mcp-session-id').includes(own))
      return trial.find(ADOPTED, { sent, seen: 'the answer names that id as the session’s' });
    return await used(trial, as, own, sent);
  },
};

/** The answer may name another id, or none, and ours work all the same. */
async function used(trial: Trial, as: Actor, own: string, sent: string): Promise<void> {
  const isUsed = isServed(await trial.target.ask({ as, message: ping(), session: own }));
  const isAnyUsed = isServed(await trial.target.ask({ as, message: ping(), session: shapedLike(own) }));
  if (isUsed && isAnyUsed)
    return trial.leave('a session id that was made up is served, so ids say nothing there');
  if (!isUsed) return trial.hold();
  return trial.find(ADOPTED, { sent: `${sent}, then ping in that session`, seen: 'a JSON-RPC result' });
}
