import type { Script } from '../script.js';
import { sessionScript } from './common.js';

/** How many sessions are told of as overdue at once. */
const MOST_OVERDUE = 100;

/** How many records are listed in one step. */
export const LISTED_AT_ONCE = 500;

/** Input: `spaces` ({ ns, hash }). Answers the records of that name. */
export const GET: Script = sessionScript(`
local found = {}
for _, space in ipairs(input.spaces) do table.insert(found, read(space.ns, space.hash)) end
return found
`);

/**
 * Input: `spaces` ({ ns, subject? }). Answers the records of that subject, or all, but for what has expired: some of them, and
 * the names ([ns, hash]) of the others. Ten thousand at once would hold up Redis, and its answer would come too late.
 */
export const LIST: Script = sessionScript(`
local found, others = {}, {}
for _, space in ipairs(input.spaces) do
  local subject = space.subject and named(space.ns, 'subject', space.subject)
  local members = subject and redis.call('SMEMBERS', subject)
    or redis.call('ZRANGEBYSCORE', named(space.ns, 'expires'), '(' .. whole(now), '+inf')
  for _, hash in ipairs(members) do
    if #found >= ${LISTED_AT_ONCE} then
      table.insert(others, {space.ns, hash})
    else
      local record = read(space.ns, hash)
      if not record then
        unindex(space.ns, hash)
        if subject then redis.call('SREM', subject, hash) end
      elseif isAlive(record) then
        table.insert(found, record)
      end
    end
  end
end
return {found, others}
`);

/** Input: `sessions` ([ns, hash]). Answers their records, but for what has expired. */
export const LIST_MORE: Script = sessionScript(`
local found = {}
for _, session in ipairs(input.sessions) do
  local record = read(session[1], session[2])
  if record and isAlive(record) then table.insert(found, record) end
end
return found
`);

/** Input: `spaces` ({ ns }), `expiredAt`, `idleSince`. Answers the records, those that have expired before those that are idle. */
export const OVERDUE: Script = sessionScript(`
local function by(index, latest)
  local due = {}
  for _, space in ipairs(input.spaces) do
    local members =
      redis.call('ZRANGEBYSCORE', named(space.ns, index), '-inf', latest, 'WITHSCORES', 'LIMIT', 0, ${MOST_OVERDUE})
    for i = 1, #members, 2 do
      table.insert(due, {ns = space.ns, hash = members[i], at = tonumber(members[i + 1])})
    end
  end
  table.sort(due, function(a, b) return a.at < b.at end)
  return due
end

for _, space in ipairs(input.spaces) do
  prune(space.ns)
  -- What is no longer busy is seen again: its node has died, or had nothing to write.
  local idle = redis.call('ZRANGEBYSCORE', named(space.ns, 'busy'), '-inf', whole(now), 'LIMIT', 0, 1000)
  for _, hash in ipairs(idle) do index(space.ns, hash) end
end

local found, known = {}, {}
local function take(due)
  for _, session in ipairs(due) do
    local name = session.ns .. ':' .. session.hash
    if #found < ${MOST_OVERDUE} and not known[name] then
      known[name] = true
      local record = read(session.ns, session.hash)
      if record then table.insert(found, record) else unindex(session.ns, session.hash) end
    end
  end
end
take(by('expires', input.expiredAt))
take(by('seen', input.idleSince))
return found
`);

/** Input: `sessions` (for each its `spaces`, { ns, hash }). Answers the places, from 1, of those that are kept. */
export const REMAINING: Script = sessionScript(`
local function isKept(spaces)
  for _, space in ipairs(spaces) do
    local expires = redis.call('HGET', named(space.ns, 'session', space.hash), 'expiresAt')
    if (tonumber(expires) or 0) > now then return true end
  end
  return false
end
local kept = {}
for place, spaces in ipairs(input.sessions) do
  if isKept(spaces) then table.insert(kept, place) end
end
return kept
`);
