import { Script } from './script.js';

/*
 * What is in Redis, for a base key B and a limiter key K:
 *
 *   B:failed:K   how many attempts failed in the window; it ends with the window
 *   B:open:K     the attempts in flight, by their ids; the score is when each ends by itself (milliseconds)
 *   B:known:K    the source K has proved itself
 *   B:gone:ID    nobody waits for this reservation any more
 *
 * A script is told B and no other name, since a client may put a prefix of its own before the names it knows of. All
 * are in the hash slot of B.
 */

/** How long a source that proved itself stays known. */
export const KNOWN_SOURCE_MS: number = 30 * 24 * 3600 * 1000;

/**
 * Reserves one point of every key, or of none. Several counters and a decision over all of them in one round trip:
 * with the limiter library it would take six, with gaps between.
 *
 * Arguments: id, points, how long a point is held (milliseconds), then kind and key, `account` after `ipAccount`.
 * Answers `['reserved', ...kinds]`, `['full', milliseconds]`, `['busy', kind]`, or `['gone']`.
 */
export const RESERVE: Script = new Script(`
local base = KEYS[1]
local id = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local points = tonumber(ARGV[2])
local hold = tonumber(ARGV[3])
if redis.call('EXISTS', base .. ':gone:' .. id) == 1 then return {'gone'} end

local source
local taken = {'reserved'}
local keys = {}
local full
local busy
for i = 4, #ARGV, 2 do
  local kind = ARGV[i]
  local key = ARGV[i + 1]
  local open = base .. ':open:' .. key
  -- A client that lost its connection sends a call again: the first must not count against the second.
  if redis.call('ZSCORE', open, id) then redis.call('ZREM', open, id) end
  local failed = tonumber(redis.call('GET', base .. ':failed:' .. key) or '0')
  if not (failed and failed >= 0) then return redis.error_reply('ERR not a count of failures') end
  local held = failed + redis.call('ZCOUNT', open, string.format('(%.0f', now), '+inf') >= points
  if kind == 'ipAccount' then source = key end
  local spared = held and kind == 'account' and source
    and redis.call('EXISTS', base .. ':known:' .. source) == 1
  if not spared then
    if failed >= points then
      full = math.max(full or 0, redis.call('PTTL', base .. ':failed:' .. key))
    elseif held then
      busy = busy or kind
    end
    taken[#taken + 1] = kind
    keys[#keys + 1] = open
  end
end
if full then return {'full', string.format('%.0f', full)} end
if busy then return {'busy', busy} end
for _, open in ipairs(keys) do
  -- The first to write, as Redis refuses it where memory is short, and lets all pass that follows a write.
  redis.call('ZADD', open, now + hold, id)
  -- What no longer holds a point is kept as long again, so that a failure that is told of late still counts.
  redis.call('ZREMRANGEBYSCORE', open, '-inf', now - hold)
  redis.call('PEXPIRE', open, 2 * hold)
end
return taken
`);

/**
 * Ends a reservation; does nothing where it has ended before.
 *
 * Arguments: id, outcome, window, how long a source is known, how long a point is held (all in milliseconds), then kind
 * and key. `abandoned` is `released` for a reservation of which nobody knows whether it was made: it will not be made later.
 */
export const SETTLE: Script = new Script(`
local base = KEYS[1]
local id = ARGV[1]
local outcome = ARGV[2]
local isOpen = false
for i = 6, #ARGV, 2 do
  isOpen = redis.call('ZSCORE', base .. ':open:' .. ARGV[i + 1], id) and true or isOpen
end
if outcome == 'abandoned' then redis.call('SET', base .. ':gone:' .. id, '1', 'PX', ARGV[5]) end
if not isOpen then return 'over' end
for i = 6, #ARGV, 2 do
  local key = ARGV[i + 1]
  local failed = base .. ':failed:' .. key
  if outcome == 'failed' then
    redis.call('INCR', failed)
    if redis.call('PTTL', failed) < 0 then redis.call('PEXPIRE', failed, ARGV[3]) end
  elseif outcome == 'proven' and ARGV[i] == 'ipAccount' then
    redis.call('DEL', failed)
    redis.call('SET', base .. ':known:' .. key, '1', 'PX', ARGV[4])
  end
  redis.call('ZREM', base .. ':open:' .. key, id)
end
return 'settled'
`);
