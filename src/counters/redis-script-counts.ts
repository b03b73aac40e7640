import { THRESHOLDS } from '../domain/limits/thresholds.ts';
import { ROLLING_PARTS } from './rolling-count.ts';

/**
 * How a counter is kept in Redis: the part of the script that knows its fields.
 *
 * A counter of a calendar window or of all time is a hash: g generation, w start of the window, u used, p reserved by
 * running calls, z whether what was used before the generation is in it, e the highest threshold told, m the maximum that
 * was for, x when a refusal was told. A rolling one has parts s0, s1, … of the window instead of w, l the current part, f the
 * first that may be settled, t when e was told.
 * Concurrency is a sorted set of call ids by when they expire.
 */
export const COUNTS = `
local PARTS, SLOTS = ${ROLLING_PARTS}, ${ROLLING_PARTS + 1}
local THRESHOLDS = {${THRESHOLDS.join(', ')}}
local IDLE_MS = 30 * 86400000

-- Writes what calls change, and all of it where something else has changed.
local function saveSpan(c)
  if c.changed then
    redis.call('HSET', c.key, 'g', birth, 'w', c.w, 'u', c.u, 'p', c.p, 'z', c.z, 'e', c.e, 'm', c.m, 'x', c.x)
  else
    redis.call('HSET', c.key, 'u', c.u, 'p', c.p)
  end
  if c.finish == 0 then
    redis.call('PEXPIRE', c.key, IDLE_MS)
  elseif c.changed then
    redis.call('PEXPIRE', c.key, 2 * (c.finish - c.start))
  end
end

-- The window that begins at start, unless the count waits for a clock that went back by less than a window.
local function span(key, start, finish)
  local h = redis.call('HMGET', key, 'g', 'w', 'u', 'p', 'z', 'e', 'm', 'x')
  local c = {key = key, kind = 's', start = start, finish = finish, save = saveSpan}
  local isOurs = tonumber(h[1] or 0) == birth
  c.w = tonumber(h[2] or 0)
  if not isOurs or start > c.w then
    c.w, c.u, c.p, c.e, c.z, c.m, c.x, c.changed = start, 0, 0, 0, 0, 0, 0, true
    if finish > 0 and start >= birth then c.z = 1 end
    return c
  end
  c.u, c.p, c.z, c.e = tonumber(h[3]), tonumber(h[4]), tonumber(h[5]), tonumber(h[6])
  c.m, c.x = tonumber(h[7] or 0), tonumber(h[8] or 0)
  if finish > 0 and now < c.w - (finish - start) then c.w, c.changed = start, true end
  return c
end

local function saveRolling(c)
  if not c.changed then
    redis.call('HSET', c.key, 'u', c.u, 'p', c.p)
    return
  end
  redis.call('HSET', c.key, 'g', birth, 'l', c.l, 'f', c.f, 'u', c.u, 'p', c.p, 'z', c.z, 'e', c.e, 't', c.t, 'm', c.m, 'x', c.x)
  redis.call('PEXPIRE', c.key, 2 * c.windowMs)
end

local function addPart(c, part, amount)
  if amount == 0 then return end
  redis.call('HINCRBY', c.key, 's' .. (part % SLOTS), amount)
  c.u = c.u + amount
end

local function clearParts(c, used)
  redis.call('DEL', c.key)
  c.u = 0
  addPart(c, c.l, used)
end

local function rolling(key, windowMs)
  local h = redis.call('HMGET', key, 'g', 'l', 'f', 'u', 'p', 'z', 'e', 't', 'm', 'x')
  local c = {key = key, kind = 'r', windowMs = windowMs, save = saveRolling}
  local part = math.floor(now * PARTS / windowMs)
  if tonumber(h[1] or 0) ~= birth then
    c.l, c.f, c.p, c.z, c.e, c.t, c.m, c.x, c.changed = part, 0, 0, 0, 0, 0, 0, 0, true
    if now - windowMs >= birth then c.z = 1 end
    clearParts(c, 0)
    return c
  end
  c.l, c.f, c.u, c.p = tonumber(h[2]), tonumber(h[3]), tonumber(h[4]), tonumber(h[5])
  c.z, c.e, c.t, c.m, c.x = tonumber(h[6]), tonumber(h[7]), tonumber(h[8]), tonumber(h[9] or 0), tonumber(h[10] or 0)
  if c.e > 0 and (now - c.t >= windowMs or now < c.t) then c.e = 0 end
  if c.x > 0 and (now - c.x >= windowMs or now < c.x) then c.x = 0 end
  -- A reset begins the next part at once.
  local isAhead = part == c.l - 1 and c.f == c.l
  if part < c.l and not isAhead then
    -- The clock went back: all that counts is taken for used now.
    c.l, c.changed = part, true
    clearParts(c, c.u)
    c:save()
  elseif part > c.l then
    local passed = {}
    for p = c.l + 1, math.min(part, c.l + SLOTS) do passed[#passed + 1] = 's' .. (p % SLOTS) end
    for _, amount in ipairs(redis.call('HMGET', key, unpack(passed))) do c.u = c.u - tonumber(amount or 0) end
    redis.call('HDEL', key, unpack(passed))
    c.l, c.changed = part, true
    c:save()
  end
  return c
end

local function running(key)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  return {key = key, kind = 'h', u = redis.call('ZCARD', key), p = 0, z = 1, e = 0}
end

local function load(kind, key, a, b)
  if kind == 's' then return span(key, a, b) end
  if kind == 'r' then return rolling(key, a) end
  return running(key)
end

local function settledOf(c)
  if c.kind == 's' then return c.u - c.p end
  return c.u
end

-- The highest threshold that settled use has reached, of the maximum by the last call.
local function reachedOf(c)
  local reached = 0
  if c.m > 0 then
    for _, threshold in ipairs(THRESHOLDS) do
      if settledOf(c) * 100 >= c.m * threshold then reached = threshold end
    end
  end
  return reached
end

-- With another maximum, thresholds that use is below again will be news, and so will the next refusal.
local function meet(c, max)
  if c.kind == 'h' or c.m == max then return end
  c.m, c.x, c.changed = max, 0, true
  c.e = math.min(c.e, reachedOf(c))
end

-- The highest threshold if it is new in this window, else 0.
local function newThreshold(c, max)
  if c.m == 0 then meet(c, max) end
  local reached = reachedOf(c)
  if reached <= c.e then return 0 end
  c.e, c.t, c.changed = reached, now, true
  return reached
end

local function isFirstRefusal(c)
  if c.kind == 'h' or c.x > 0 then return 0 end
  c.x, c.changed = now, true
  return 1
end

-- Changes what is used and reserved where it was counted. @return whether that still counts
local function change(c, position, used, reserved)
  if c.kind == 's' then
    if c.w ~= position or (c.finish > 0 and now >= c.finish) then return false end
    c.u, c.p = c.u + used, c.p + reserved
    return true
  end
  c.p = math.max(0, c.p + reserved)
  if position <= c.l - SLOTS or position > c.l or position < c.f then return false end
  addPart(c, position, used)
  return true
end

local function fitsInMs(c, amount, max)
  if amount > max then return -1 end
  if c.kind == 'h' then return 1000 end
  if c.kind == 's' then
    if c.finish == 0 then return -1 end
    return c.finish - now
  end
  local names = {}
  for part = c.l - SLOTS + 1, c.l do names[#names + 1] = 's' .. (part % SLOTS) end
  local left = c.u
  for index, used in ipairs(redis.call('HMGET', c.key, unpack(names))) do
    left = left - tonumber(used or 0)
    if left + amount <= max then
      return math.ceil((c.l - SLOTS + index + SLOTS) * c.windowMs / PARTS) - now
    end
  end
  return c.windowMs
end

local function hold(key, id, ttl)
  redis.call('ZADD', key, now + ttl, id)
  redis.call('PEXPIRE', key, ttl)
end
`;
