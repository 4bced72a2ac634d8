import type { Fault } from '../finding.js';
import { mostBits } from '../session-id.js';
import { begin, type Check, judge } from '../trial.js';

const STANDARDS = [
  'MCP 2025-11-25, transports, session management: ids SHOULD be globally unique and cryptographically secure',
  'OWASP ASVS 5.0, 7.2.3',
];
const FIX =
  'Take 16 random bytes or more from a cryptographically secure source (crypto.randomUUID, crypto.randomBytes).';

const REPEATED: Fault = {
  id: 'session-id-repeats',
  title: 'Two sessions have the same id',
  severity: 'high',
  reason: 'Whoever has one of the sessions has the other.',
  standards: STANDARDS,
  fix: FIX,
};

const GUESSABLE: Fault = {
  id: 'session-id-guessable',
  title: 'Session ids can be guessed',
  severity: 'high',
  reason:
    'What differs between the ids is too little to be random: by its length and alphabet it has less than 64 bits.',
  standards: STANDARDS,
  fix: FIX,
};

const CHARACTERS: Fault = {
  id: 'session-id-characters',
  title: 'A session id has characters that it must not have',
  severity: 'low',
  reason: 'Clients and proxies may refuse or rewrite it.',
  standards: ['MCP 2025-11-25, transports, session management: ids MUST be visible ASCII (0x21 to 0x7E)'],
  fix: FIX,
};

const SAMPLE = 5;
/** ASVS wants 128 bits; below half of that no source is good enough, whatever it is. */
const FEWEST_BITS = 64;

export const sessionIds: Check = {
  id: 'session-ids',
  title: 'Session ids cannot be guessed',
  faults: [REPEATED, GUESSABLE, CHARACTERS],
  async run(trial) {
    const ids: string[] = [];
    for (let n = 0; n < SAMPLE && trial.served && trial.hasSessions; n += 1) {
      const session = await begin(trial, trial.served);
      if (session) ids.push(session.id);
    }
    if (ids.length < 2) {
      trial.leave('fewer than two sessions with an id could be begun');
      return;
    }
    const sent = `initialize, ${ids.length} times`;
    const distinct = [...new Set(ids)];
    judge(
      trial,
      REPEATED,
      distinct.length < ids.length ? [{ sent, seen: `${distinct.length} different ids` }] : [],
    );
    const odd = ids.filter((id) => !/^[\x21-\x7e]+$/.test(id));
    judge(
      trial,
      CHARACTERS,
      odd.length > 0 ? [{ sent, seen: `${odd.length} ids with other characters` }] : [],
    );
    if (distinct.length < ids.length) return;
    const bits = mostBits(ids);
    const seen = `at most ${Math.round(bits)} bits of entropy in what differs between the ids`;
    judge(trial, GUESSABLE, bits < FEWEST_BITS ? [{ sent, seen }] : []);
  },
};
