import { Script } from './script.js';

/*
 * One Redis stream for each stream of events. An entry has the fields `stream` (the whole id of the stream, of which its
 * name holds only the hash) and `message` (JSON). All scripts have one key, the stream.
 */

/**
 * Arguments: stream id, message, events kept, seconds kept. Answers the id of the entry.
 * What is older goes with the next event, and the whole stream when none comes for as long.
 */
export const STORE: Script = new Script(
  `
local entry = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[3], '*', 'stream', ARGV[1], 'message', ARGV[2])
local time = redis.call('TIME')
local oldest = (time[1] - ARGV[4]) * 1000 + math.floor(time[2] / 1000)
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', math.max(oldest, 0)))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return entry
`,
  { keepsOrder: true },
);

/** Argument: an entry. Answers the id of its stream; nothing where it is not kept. */
export const STREAM_OF: Script = new Script(`
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
return found[1] and found[1][2][2]
`);

/** Argument: an entry. Answers the id of its stream, then entry and message of what came after; nothing where it is not kept. */
export const AFTER: Script = new Script(`
local found = redis.call('XRANGE', KEYS[1], ARGV[1], '+')
if not found[1] or found[1][1] ~= ARGV[1] then return false end
local answer = {found[1][2][2]}
for i = 2, #found do
  answer[#answer + 1] = found[i][1]
  answer[#answer + 1] = found[i][2][4]
end
return answer
`);
