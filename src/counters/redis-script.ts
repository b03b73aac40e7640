import { createHash } from 'node:crypto';
import { COUNTS } from './redis-script-counts.ts';

/**
 * All that is done to the counters in Redis, as one script: what one call of it does, it does at once. Times are those
 * of Redis, so that no instance's clock decides when a window begins.
 *
 * KEYS[1] is the generation: when the counters were born (`birth`), a number that grows with each call (`ops`), and until
 * when hard budgets are closed (`open`). Who has seen a later state of it than there is knows that counters were lost, and
 * begins a new generation; counters of an older one are as if they were not there.
 *
 * KEYS[2] of a call is its record: the generation it is counted in, or `done`. What a counter is made of is told in `redis-script-counts.ts`.
 *
 * The answer begins with birth, ops and the time of Redis in milliseconds, and then the word for what happened.
 */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local op, seenBirth, seenOps = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local generation = redis.call('HMGET', KEYS[1], 'birth', 'ops', 'open')
local birth, ops = tonumber(generation[1] or 0), tonumber(generation[2] or 0)
local open = tonumber(generation[3] or 0)
if birth == 0 or birth < seenBirth or (birth == seenBirth and ops < seenOps) then
  birth = math.max(now, birth + 1, seenBirth + 1)
  open = 0
  if seenBirth > 0 then open = now + tonumber(ARGV[4]) end
  redis.call('HSET', KEYS[1], 'birth', birth, 'ops', 0, 'open', open)
end
ops = redis.call('HINCRBY', KEYS[1], 'ops', 1)

local function answer(word, ...)
  return {birth, ops, now, word, ...}
end

${COUNTS}
local function stateOfCall()
  local record = redis.call('GET', KEYS[2])
  if record == 'done' then return 'done' end
  if record and tonumber(record) == birth then return 'live' end
  return nil
end

local commands = {}

-- record, counters; ttl, record's ttl, lenient, id; for each: kind, a, b, max, amount, hard, budget
function commands.reserve()
  local ttl, recordTtl, lenient, id = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
  if stateOfCall() then return answer('exists') end
  local charges, unseeded = {}, {}
  for i = 1, #KEYS - 2 do
    local at = 8 + (i - 1) * 7
    local charge = {
      kind = ARGV[at + 1], a = tonumber(ARGV[at + 2]), b = tonumber(ARGV[at + 3]), max = tonumber(ARGV[at + 4]),
      amount = tonumber(ARGV[at + 5]), hard = ARGV[at + 6] == '1', budget = ARGV[at + 7] == '1',
    }
    if charge.kind == 's' and charge.b > 0 and (now < charge.a or now >= charge.b) then return answer('clock') end
    if charge.hard and charge.budget and now < open then return answer('restoring', i - 1, open - now) end
    charges[i] = charge
  end
  for i, charge in ipairs(charges) do
    charge.count = load(charge.kind, KEYS[i + 2], charge.a, charge.b)
    if charge.count.z == 0 and (charge.hard or not lenient) then unseeded[#unseeded + 1] = i - 1 end
  end
  if #unseeded > 0 then return answer('unseeded', unpack(unseeded)) end
  for i, charge in ipairs(charges) do
    local c = charge.count
    meet(c, charge.max)
    if charge.hard and c.u + charge.amount > charge.max then
      local isFirst = isFirstRefusal(c)
      if isFirst == 1 then c:save() end
      return answer('refused', i - 1, c.u, fitsInMs(c, charge.amount, charge.max), isFirst)
    end
  end
  local taken = {}
  for i, charge in ipairs(charges) do
    local c = charge.count
    local position = 0
    if c.kind == 'h' then
      c.u = c.u + 1
      hold(c.key, id, ttl)
    else
      position = c.w or c.l
      change(c, position, charge.amount, charge.amount)
      c:save()
    end
    taken[2 * i - 1], taken[2 * i] = c.u, position
  end
  redis.call('SET', KEYS[2], birth, 'PX', recordTtl)
  return answer('admitted', unpack(taken))
end

-- record, counters; ifMissing, tombstone's ttl, late, id; for each: kind, a, b, max, held, actual, position
function commands.settle()
  local tombstoneMs, isLate, id = tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
  local state = stateOfCall()
  if state == 'done' or (not state and ARGV[5] == 'skip') then return answer('nothing') end
  local told = {}
  for i = 1, #KEYS - 2 do
    local at = 8 + (i - 1) * 7
    local kind, key = ARGV[at + 1], KEYS[i + 2]
    local max, held, actual = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
    if not state then held = 0 end
    if kind == 'h' then
      redis.call('ZREM', key, id)
    else
      local c = load(kind, key, tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]))
      -- What ended long ago is in the ledger, which an unseeded counter is still to be given.
      local isKnown = not state and isLate and c.z == 0
      if not isKnown then
        change(c, tonumber(ARGV[at + 7]), actual - held, -held)
        local threshold = newThreshold(c, max)
        if threshold > 0 then
          told[#told + 1], told[#told + 2], told[#told + 3] = i - 1, threshold, settledOf(c)
        end
        c:save()
      end
    end
  end
  if tombstoneMs > 0 then
    redis.call('SET', KEYS[2], 'done', 'PX', tombstoneMs)
  else
    redis.call('DEL', KEYS[2])
  end
  return answer('settled', unpack(told))
end

-- record, counters; ttl, record's ttl, id; for each: kind, a, b, amount, position
function commands.restore()
  local ttl, recordTtl, id = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
  if stateOfCall() then return answer('nothing') end
  for i = 1, #KEYS - 2 do
    local at = 7 + (i - 1) * 5
    local kind, key, amount = ARGV[at + 1], KEYS[i + 2], tonumber(ARGV[at + 4])
    if kind == 'h' then
      hold(key, id, ttl)
    else
      local c = load(kind, key, tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]))
      change(c, tonumber(ARGV[at + 5]), amount, amount)
      c:save()
    end
  end
  redis.call('SET', KEYS[2], birth, 'PX', recordTtl)
  return answer('restored')
end

-- record, sets of running calls; ttl, record's ttl, id
function commands.renew()
  if stateOfCall() ~= 'live' then return answer('nothing') end
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
  for i = 3, #KEYS do hold(KEYS[i], ARGV[7], tonumber(ARGV[5])) end
  return answer('renewed')
end

-- counters; for each: kind, a, b, max, used, hard
function commands.seed()
  for i = 1, #KEYS - 1 do
    local at = 4 + (i - 1) * 6
    local kind, a, b = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local isNow = kind ~= 's' or b == 0 or (now >= a and now < b)
    local c = load(kind, KEYS[i + 1], a, b)
    if isNow and c.z == 0 then
      local missing = tonumber(ARGV[at + 5])
      -- Under a soft limit calls went on meanwhile: the ledger has them too.
      if ARGV[at + 6] == '0' then missing = math.max(0, missing - (c.u - c.p)) end
      if c.kind == 's' then c.u = c.u + missing else addPart(c, c.l, missing) end
      c.z, c.changed = 1, true
      newThreshold(c, tonumber(ARGV[at + 4]))
      c:save()
    end
  end
  return answer('seeded')
end

-- instances; id, after how long one is gone
function commands.beat()
  redis.call('ZADD', KEYS[2], now, ARGV[5])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[6]))
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
  return answer('beat', redis.call('ZCARD', KEYS[2]))
end

-- counters; for each: kind, a, b
function commands.used()
  local uses = {}
  for i = 1, #KEYS - 1 do
    local at = 4 + (i - 1) * 3
    local c = load(ARGV[at + 1], KEYS[i + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]))
    if c.kind == 'h' then c.p = c.u end
    uses[3 * i - 2], uses[3 * i - 1], uses[3 * i] = c.u, c.p, c.z
  end
  return answer('used', unpack(uses))
end

-- Only thresholds beyond what is used are news from here on, and so is the next refusal.
local function restart(c)
  c.e, c.t, c.x, c.z, c.changed = reachedOf(c), now, 0, 1, true
  c:save()
end

-- counter; kind, a, b, used
function commands.reset()
  local c = load(ARGV[5], KEYS[2], tonumber(ARGV[6]), tonumber(ARGV[7]))
  if c.kind == 's' then
    c.u = tonumber(ARGV[8]) + c.p
    restart(c)
  elseif c.kind == 'r' then
    -- What is reserved from here on can be told from what was reserved before by its part.
    if c.l == math.floor(now * PARTS / c.windowMs) then c.l = c.l + 1 end
    clearParts(c, tonumber(ARGV[8]))
    c.f = c.l
    restart(c)
  end
  return answer('reset')
end

return commands[op]()
`;

export const REDIS_SCRIPT = SCRIPT;

/** By which Redis knows the script once it has seen it. */
export const REDIS_SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');
