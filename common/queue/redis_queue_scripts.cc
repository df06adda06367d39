#include "common/queue/redis_queue_scripts.h"

namespace cohort::queue {

const redis::Script kBeginIncarnation = {"begin_incarnation", R"lua(
local incarnation, stream = KEYS[1], KEYS[2]
local group, floor = ARGV[1], tonumber(ARGV[2])
local last = redis.call('GET', incarnation)
local drawn = last and tonumber(last) + 1 or tonumber(redis.call('TIME')[1])
if drawn < floor then drawn = floor end
redis.call('SET', incarnation, string.format('%.0f', drawn))
-- The stream itself stays, and with it its last id: entry ids are never used twice.
redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
redis.call('XGROUP', 'DESTROY', stream, group)
redis.call('XTRIM', stream, 'MAXLEN', 0)
redis.call('XGROUP', 'CREATE', stream, group, '0')
return drawn
)lua"};

const redis::Script kIssue = {"issue", R"lua(
local incarnation, stream = KEYS[1], KEYS[2]
local group, mine, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local current = redis.call('GET', incarnation)
if not current or redis.call('EXISTS', stream) == 0 then
  return redis.error_reply('QUEUE_LOST the queue is gone: the server came back without its data')
end
if current ~= mine then
  return redis.error_reply('OTHER_INCARNATION incarnation ' .. current .. ' has taken over from ' .. mine)
end
local pending = redis.call('XPENDING', stream, group)
local waiting = redis.call('XLEN', stream) - pending[1]
for _, holder in ipairs(pending[4] or {}) do
  if holder[1] == '-' then waiting = waiting + tonumber(holder[2]) end
end
local tasks = (#ARGV - 3) / 2
if waiting + tasks > most then
  return redis.error_reply('BACKLOG_FULL ' .. waiting .. ' tasks wait, ' .. tasks .. ' more would pass the limit of ' .. most)
end
for i = 4, #ARGV, 2 do redis.call('XADD', stream, '*', 'group', ARGV[i], 'task', ARGV[i + 1]) end
return tasks
)lua"};

// What kTake and kRecover share: `settle` takes an entry over as a further attempt, or ends it when it was delivered too often.
constexpr char kSettle[] = R"lua(
local stream, dead, group, me = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local most, count = tonumber(ARGV[3]), tonumber(ARGV[4])
local taken = {}
local function settle(id, holder, deliveries)
  if deliveries < most then
    local entry = redis.call('XCLAIM', stream, group, me, 0, id)[1]
    if entry then taken[#taken + 1] = {id, deliveries + 1, entry[2][4]} end
    return
  end
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    redis.call('XADD', dead, '*', 'task', entry[2][4], 'reason', 'delivered ' .. deliveries .. ' times without an acknowledgement',
               'attempts', deliveries, 'worker', holder)
  end
  redis.call('XACK', stream, group, id)
  redis.call('XDEL', stream, id)
end
)lua";

const redis::Script kTake = {"take", R"lua(
local lease = ARGV[5]
-- XPENDING and XCLAIM instead of XAUTOCLAIM: they tell the holder and the deliveries before these are overwritten. A settled entry is silent no
-- more, so each round finds others; the number of rounds bounds the time that one call takes of the server.
for _ = 1, 16 do
  local silent = redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', count - #taken)
  for _, entry in ipairs(silent) do settle(entry[1], entry[2], entry[4]) end
  if #silent == 0 or #taken == count then break end
end

if #taken < count then
  local read = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', count - #taken, 'STREAMS', stream, '>')
  if read then
    for _, entry in ipairs(read[1][2]) do taken[#taken + 1] = {entry[1], 1, entry[2][4]} end
  end
end
return taken
)lua", kSettle};

const redis::Script kRecover = {"recover", R"lua(
local held = {}
for i = 6, #ARGV do held[ARGV[i]] = true end
for _, entry in ipairs(redis.call('XPENDING', stream, group, '-', '+', count + #ARGV - 5, me)) do
  local id, deliveries = entry[1], entry[4]
  if #taken == count then break end
  if not held[id] and ARGV[5] == 'counted' then
    settle(id, me, deliveries)
  elseif not held[id] then
    local claimed = redis.call('XCLAIM', stream, group, me, 0, id, 'IDLE', 0, 'RETRYCOUNT', deliveries)[1]
    if claimed then taken[#taken + 1] = {id, deliveries, claimed[2][4]} end
  end
end
return taken
)lua", kSettle};

const redis::Script kRenew = {"renew", R"lua(
local stream, group, me, id, attempt = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lease = redis.call('XPENDING', stream, group, id, id, 1, me)[1]
if not lease or lease[4] ~= attempt then return 0 end
return #redis.call('XCLAIM', stream, group, me, 0, id, 'IDLE', 0, 'JUSTID')
)lua"};

const redis::Script kAcknowledge = {"acknowledge", R"lua(
local stream, group, id = KEYS[1], ARGV[1], ARGV[2]
redis.call('XACK', stream, group, id)
return redis.call('XDEL', stream, id)
)lua"};

const redis::Script kRelease = {"release", R"lua(
local stream, group, me, id, attempt = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lease = redis.call('XPENDING', stream, group, id, id, 1, me)[1]
if not lease or lease[4] ~= attempt then return 0 end
return #redis.call('XCLAIM', stream, group, '-', 0, id, 'TIME', 1, 'RETRYCOUNT', attempt - 1, 'JUSTID')
)lua"};

const redis::Script kBury = {"bury", R"lua(
local stream, dead = KEYS[1], KEYS[2]
local group, me, id, attempt, reason = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local lease = redis.call('XPENDING', stream, group, id, id, 1, me)[1]
local entry = redis.call('XRANGE', stream, id, id)[1]
if not lease or lease[4] ~= attempt or not entry then return 0 end
redis.call('XADD', dead, '*', 'task', entry[2][4], 'reason', reason, 'attempts', attempt, 'worker', me)
redis.call('XACK', stream, group, id)
redis.call('XDEL', stream, id)
return 1
)lua"};

// Sets `stats`.
constexpr char kStatsPrelude[] = R"lua(
local incarnation, stream, dead, group = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local pending = redis.call('XPENDING', stream, group)
local leased = pending[1]
for _, holder in ipairs(pending[4] or {}) do
  if holder[1] == '-' then leased = leased - tonumber(holder[2]) end
end
local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local time = redis.call('TIME')
local stats = {redis.call('XLEN', stream) - leased, leased, oldest and oldest[1] or '', redis.call('XLEN', dead), redis.call('GET', incarnation) or '0',
        tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)}
)lua";

const redis::Script kStats = {"stats", "return stats", kStatsPrelude};

const redis::Script kInspect = {"inspect", R"lua(
local function field(list, name)
  for i = 1, #list, 2 do
    if list[i] == name then return list[i + 1] or 0 end
  end
  return 0
end
stats[7] = field(redis.call('XINFO', 'STREAM', stream), 'entries-added')
stats[8] = 0
for _, one in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  if field(one, 'name') == group then stats[8] = field(one, 'entries-read') end
end
return stats
)lua", kStatsPrelude};

const redis::Script kRequeue = {"requeue", R"lua(
local incarnation, stream, dead = KEYS[1], KEYS[2], KEYS[3]
local current = redis.call('GET', incarnation)
if current ~= ARGV[1] then
  return redis.error_reply('OTHER_INCARNATION incarnation ' .. (current or 'none') .. ' issues now, not ' .. ARGV[1])
end
local moved = 0
for i = 2, #ARGV, 2 do
  local letter = redis.call('XRANGE', dead, ARGV[i], ARGV[i])[1]
  if letter then
    redis.call('XADD', stream, '*', 'group', ARGV[i + 1], 'task', letter[2][2])
    redis.call('XDEL', dead, ARGV[i])
    moved = moved + 1
  end
end
return moved
)lua"};

const redis::Script kPendingGroups = {"pending_groups", R"lua(
local page = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])) do
  if #page == 0 then page[1] = '' end
  page[1] = entry[1]
  page[#page + 1] = entry[2][2]
end
return page
)lua"};

}  // namespace cohort::queue
