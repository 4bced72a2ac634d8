import { Script } from '../script.js';

/**
 * What all steps over sessions share. The names of keys are made here from the one key that the client gives (and prefixes,
 * if it is told to), so that all of them lie in its slot of a cluster. Under each namespace:
 *
 * - `session:<hash>`: the record, a hash; gone an hour after it has expired
 * - `expires`: sessions by `expiresAt`
 * - `seen`: those that are not busy, by `lastSeenAt`; `busy`: those that are, by `busyUntil`
 * - `owner:<hash>`: those of one identity, by `lastSeenAt`; `subject:<hash>`: those of one subject
 * - `gone:<hash>`: which deletion removed it, `fence:<hash>`: it must not be created any more, `victim:<hash>`: whom its
 *   creation evicted; each for ten minutes
 *
 * Time is the server's: the clocks of nodes differ, and what they decide about each other's sessions must not.
 */
const COMMON = `
local base = KEYS[1]
local input = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local GRACE_MS = 3600000
local MEMORY_MS = 600000
local FIELDS = {'id', 'principal', 'initialize', 'createdAt', 'lastSeenAt', 'expiresAt', 'busyUntil'}

local function named(...) return table.concat({base, ...}, ':') end
local function whole(number) return string.format('%.0f', number) end

local function exists(ns, hash)
  return redis.call('EXISTS', named(ns, 'session', hash)) == 1
end

-- The record at a key as its reader wants it; nil where there is none.
local function readAt(key, ns, hash)
  local values = redis.call('HMGET', key, unpack(FIELDS))
  if not values[1] then return nil end
  return {ns, hash, unpack(values)}
end

local function read(ns, hash) return readAt(named(ns, 'session', hash), ns, hash) end
local function isAlive(record) return (tonumber(record[8]) or 0) > now end

-- Takes a session out of every index; also one whose record Redis has dropped.
local function unindex(ns, hash)
  local owner, subject = unpack(redis.call('HMGET', named(ns, 'session', hash), 'owner', 'subject'))
  for _, index in ipairs({'expires', 'seen', 'busy'}) do redis.call('ZREM', named(ns, index), hash) end
  if owner then redis.call('ZREM', named(ns, 'owner', owner), hash) end
  if subject then redis.call('SREM', named(ns, 'subject', subject), hash) end
end

local function remove(ns, hash)
  unindex(ns, hash)
  redis.call('DEL', named(ns, 'session', hash))
end

-- An index lives as long as the last of what is in it.
local function outlive(key, deadline)
  if redis.call('PTTL', key) < deadline - now then redis.call('PEXPIREAT', key, whole(deadline)) end
end

-- Puts a record where its fields say that it belongs, and gives it its end.
local function index(ns, hash)
  local key = named(ns, 'session', hash)
  local seen, expires, busy, owner, subject =
    unpack(redis.call('HMGET', key, 'lastSeenAt', 'expiresAt', 'busyUntil', 'owner', 'subject'))
  -- Not as this store writes it: nothing that can be kept in order.
  if not (tonumber(seen) and tonumber(expires) and owner and subject) then return remove(ns, hash) end
  local deadline = math.min(tonumber(expires) + GRACE_MS, 9007199254740991)
  if deadline <= now then return remove(ns, hash) end
  redis.call('PEXPIREAT', key, whole(deadline))
  local isBusy = (tonumber(busy) or 0) > now
  redis.call('ZADD', named(ns, 'expires'), expires, hash)
  redis.call('ZADD', named(ns, isBusy and 'busy' or 'seen'), isBusy and busy or seen, hash)
  redis.call('ZREM', named(ns, isBusy and 'seen' or 'busy'), hash)
  redis.call('ZADD', named(ns, 'owner', owner), seen, hash)
  redis.call('SADD', named(ns, 'subject', subject), hash)
  outlive(named(ns, 'expires'), deadline)
  outlive(named(ns, isBusy and 'busy' or 'seen'), deadline)
  outlive(named(ns, 'owner', owner), deadline)
  outlive(named(ns, 'subject', subject), deadline)
end

-- Forgets some of those whose time in Redis is over: their records are gone since then.
local function prune(ns)
  local over = redis.call('ZRANGEBYSCORE', named(ns, 'expires'), '-inf', whole(now - GRACE_MS), 'LIMIT', 0, 100)
  for _, hash in ipairs(over) do unindex(ns, hash) end
end

-- pcall: what has been removed stays removed where the user of the client may not publish.
local function tell(ns, hash, id, reason)
  local news = cjson.encode({origin = input.origin, ns = ns, hash = hash, id = id, reason = reason})
  redis.pcall('PUBLISH', input.channel, news)
end

local function keepFields(key, fields)
  for field, value in pairs(fields) do redis.call('HSET', key, field, value) end
end
`;

/** A step over sessions: it is given one key and one argument, JSON, as `input`. */
export const sessionScript = (body: string): Script => new Script(COMMON + body);
