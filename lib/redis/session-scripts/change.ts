import type { Script } from '../script.js';
import { sessionScript } from './common.js';

/** Input: `spaces` ({ ns, hash, fields }). Changes the record where there is one. */
export const UPDATE: Script = sessionScript(`
for _, space in ipairs(input.spaces) do
  if exists(space.ns, space.hash) then
    local key = named(space.ns, 'session', space.hash)
    -- Its owner may change, and with it the indexes that it is in.
    if space.fields.owner then unindex(space.ns, space.hash) end
    keepFields(key, space.fields)
    index(space.ns, space.hash)
    return
  end
end
`);

/**
 * Input: `spaces` ({ ns, hash }), `tokens` (of this deletion, or those of earlier ones that got no answer), `reason`,
 * `origin`, `channel`. Answers 1 where this deletion, or one of the earlier ones, removed the record.
 */
export const DELETE: Script = sessionScript(`
for _, space in ipairs(input.spaces) do
  if exists(space.ns, space.hash) then
    local id = redis.call('HGET', named(space.ns, 'session', space.hash), 'id')
    remove(space.ns, space.hash)
    redis.call('SET', named(space.ns, 'gone', space.hash), input.tokens[1], 'PX', MEMORY_MS)
    tell(space.ns, space.hash, id, input.reason)
    return 1
  end
end
for _, space in ipairs(input.spaces) do
  local token = redis.call('GET', named(space.ns, 'gone', space.hash))
  for _, own in ipairs(input.tokens) do
    if own == token then return 1 end
  end
end
return 0
`);

/** Removes records that do not open, of sessions that are over. Input: `sessions` ({ ns, hash }). */
export const DISCARD: Script = sessionScript(`
for _, session in ipairs(input.sessions) do remove(session.ns, session.hash) end
`);
