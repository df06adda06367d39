#include "common/registry/registry_scripts.h"

namespace cohort::registry {
namespace {

// Events are numbered by a counter, so that a reader notices what was dropped before it came. Beside the counter (and so on the same node) stands when
// the log began: a Redis that has lost its data counts anew, in another epoch.
constexpr char kEmit[] = R"lua(
local function now() local t = redis.call('TIME') return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000) end
local function emit(counter, events, kind, subject, actor, message, request, trace)
  local number = redis.call('INCR', counter)
  if number == 1 then
    local t = redis.call('TIME')
    redis.call('SET', counter .. ':epoch', string.format('%.0f', tonumber(t[1]) * 1000000 + tonumber(t[2])))
  end
  redis.call('XADD', events, 'MAXLEN', '~', 10000, string.format('%.0f-0', number), 'time', string.format('%.0f', now()), 'kind', kind,
             'subject', subject, 'actor', actor, 'message', message, 'request', request, 'trace', trace or '')
  return number
end
)lua";

}  // namespace

const redis::Script kPutService = {"put_service", R"lua(
local names, counter, events, service = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local name, instance, state, record, ttl, clock = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local before = redis.call('HMGET', service, 'instance', 'state')
local time = now()
redis.call('HSET', service, 'record', record, 'instance', instance, 'state', state, 'seen', string.format('%.0f', time),
           'skew', string.format('%.0f', clock - time))
redis.call('PEXPIRE', service, ttl)
redis.call('SADD', names, name)
if before[1] ~= instance then
  emit(counter, events, ARGV[7], name, '', state, '')
elseif before[2] ~= state then
  emit(counter, events, ARGV[8], name, '', before[2] .. ' -> ' .. state, '')
end
return 1
)lua", kEmit};

const redis::Script kRemoveService = {"remove_service", R"lua(
local names, counter, events, service = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('HGET', service, 'instance') ~= ARGV[2] then return 0 end
redis.call('DEL', service)
redis.call('SREM', names, ARGV[1])
emit(counter, events, ARGV[3], ARGV[1], '', ARGV[4], '')
return 1
)lua", kEmit};

const redis::Script kListServices = {"list_services", R"lua(
local names, counter, events, prefix = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local time = now()
local live = {}
for _, name in ipairs(redis.call('SMEMBERS', names)) do
  local found = redis.call('HMGET', prefix .. name, 'record', 'seen', 'skew')
  if found[1] then
    live[#live + 1] = {found[1], time - tonumber(found[2]), tonumber(found[3])}
  else
    redis.call('SREM', names, name)
    emit(counter, events, ARGV[2], name, '', 'no sign of life', '')
  end
end
return live
)lua", kEmit};

const redis::Script kAppendEvent = {"append_event", R"lua(
return emit(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
)lua", kEmit};

const redis::Script kReadEvents = {"read_events", R"lua(
return {tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(redis.call('GET', KEYS[1] .. ':epoch') or '0'), redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])}
)lua"};

}  // namespace cohort::registry
