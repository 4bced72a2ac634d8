import type { Script } from '../script.js';
import { sessionScript } from './common.js';

/**
 * Input: `spaces` ({ ns, hash, owner }, the first of which gets the record), `fields`, `token`, `limits`
 * ({ total, own, evicts }), `busy` ("ns:hash"), `origin`, `channel`.
 * Answers nothing where the limits do not allow it, else 1 and the record that was evicted, if one was.
 */
export const CREATE: Script = sessionScript(`
local target = input.spaces[1]
local key = named(target.ns, 'session', target.hash)
local victimKey = named(target.ns, 'victim', target.hash)

for _, space in ipairs(input.spaces) do
  local record = named(space.ns, 'session', space.hash)
  if redis.call('EXISTS', record, named(space.ns, 'fence', space.hash)) > 0 then
    -- A client that was reconnected sends its command once more: it gets the same answer.
    if redis.call('HGET', record, 'token') ~= input.token then return {} end
    local ns, hash = unpack(redis.call('HMGET', victimKey, 'ns', 'hash'))
    return {1, ns and readAt(victimKey, ns, hash)}
  end
end

local function total()
  local count = 0
  for _, space in ipairs(input.spaces) do
    count = count + redis.call('ZCOUNT', named(space.ns, 'expires'), '(' .. whole(now), '+inf')
  end
  return count
end

-- Looks for records that Redis dropped before their time; at a limit that is asked at every creation, once a second.
local function sweep()
  for _, space in ipairs(input.spaces) do
    if redis.call('SET', named(space.ns, 'swept'), '1', 'NX', 'PX', 1000) then
      for _, hash in ipairs(redis.call('ZRANGE', named(space.ns, 'expires'), 0, -1)) do
        if not exists(space.ns, hash) then unindex(space.ns, hash) end
      end
    end
  end
end

for _, space in ipairs(input.spaces) do prune(space.ns) end
if total() >= input.limits.total then
  sweep()
  if total() >= input.limits.total then return {} end
end

local busy = {}
for _, name in ipairs(input.busy) do busy[name] = true end

-- How many of the identity are alive, and which of them may go.
local function own()
  local count, victim, oldest = 0, nil, nil
  for _, space in ipairs(input.spaces) do
    local owned = named(space.ns, 'owner', space.owner)
    for _, hash in ipairs(redis.call('ZRANGE', owned, 0, -1)) do
      local record = named(space.ns, 'session', hash)
      local seen, expires, busyUntil =
        unpack(redis.call('HMGET', record, 'lastSeenAt', 'expiresAt', 'busyUntil'))
      if not (tonumber(seen) and tonumber(expires)) then
        redis.call('ZREM', owned, hash)
      elseif tonumber(expires) > now then
        count = count + 1
        local isBusy = busy[space.ns .. ':' .. hash] or (tonumber(busyUntil) or 0) > now
        if not isBusy and (not oldest or tonumber(seen) < oldest) then
          oldest = tonumber(seen)
          victim = {ns = space.ns, hash = hash}
        end
      end
    end
  end
  return count, victim
end

local indexed = 0
for _, space in ipairs(input.spaces) do
  indexed = indexed + redis.call('ZCARD', named(space.ns, 'owner', space.owner))
end
local victim
if indexed >= input.limits.own then
  local count, candidate = own()
  if count >= input.limits.own then
    victim = input.limits.evicts and candidate
    if not victim then return {} end
  end
end

keepFields(key, input.fields)
redis.call('HSET', key, 'token', input.token)
index(target.ns, target.hash)
if not victim then return {1} end

-- Kept a while, for a caller that has not got the answer.
local record = read(victim.ns, victim.hash)
unindex(victim.ns, victim.hash)
redis.call('RENAME', named(victim.ns, 'session', victim.hash), victimKey)
redis.call('HSET', victimKey, 'ns', victim.ns, 'hash', victim.hash, 'for', input.token)
redis.call('PEXPIRE', victimKey, MEMORY_MS)
tell(victim.ns, victim.hash, record and record[3], 'evicted')
return {1, record}
`);

/**
 * Undoes a creation whose caller was told that it failed, and forbids it where it has yet to come.
 * Input: `space` ({ ns, hash }), `token`.
 *
 * Whom it evicted cannot be brought back: its node has been told, and has closed it. Nor has anybody got its record to undo
 * its login. So it returns as a session that expires now: it counts for nothing, and whoever looks for what is
 * overdue finds it and undoes the login, with the reason `expired` in place of `evicted`.
 * Answers that record, so that this node learns of it as the others did.
 */
export const UNDO: Script = sessionScript(`
local ns, hash = input.space.ns, input.space.hash
local key = named(ns, 'session', hash)
local victimKey = named(ns, 'victim', hash)
if exists(ns, hash) then
  if redis.call('HGET', key, 'token') ~= input.token then return {} end
  remove(ns, hash)
end
redis.call('SET', named(ns, 'fence', hash), input.token, 'PX', MEMORY_MS)
if redis.call('HGET', victimKey, 'for') ~= input.token then return {} end
local victimNs, victimHash = unpack(redis.call('HMGET', victimKey, 'ns', 'hash'))
if exists(victimNs, victimHash) then return {} end
redis.call('HSET', victimKey, 'expiresAt', whole(now))
redis.call('HDEL', victimKey, 'busyUntil', 'ns', 'hash', 'for')
redis.call('RENAME', victimKey, named(victimNs, 'session', victimHash))
index(victimNs, victimHash)
return {read(victimNs, victimHash)}
`);
