#include "common/registry/desired_workers.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cohort::registry {
namespace {

using redis::LostReply;
using redis::Reply;

// KEYS hash. ARGV count. Returns the new revision: above the last, and above those of a Redis that has lost its data.
const redis::Script kSetDesired = {"set_desired", R"lua(
local revision = tonumber(redis.call('HGET', KEYS[1], 'revision') or redis.call('TIME')[1]) + 1
redis.call('HSET', KEYS[1], 'revision', string.format('%.0f', revision), 'count', ARGV[1])
return revision
)lua"};

}  // namespace

DesiredWorkers::DesiredWorkers(const std::string& redis_address, const std::string& run_id)
    : key_(absl::StrCat("cohort:{", run_id, "}:desired_workers")), redis_({.address = redis_address, .client_name = "cohort-scaler"}, 2) {}

absl::StatusOr<DesiredCount> DesiredWorkers::Get(absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(Reply reply, redis_.Command({"HMGET", key_, "revision", "count"}, deadline, LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> fields, redis::AsArray(std::move(reply), 2));
  DesiredCount desired;
  if (fields[0].is_nil() || fields[1].is_nil()) return desired;
  COHORT_ASSIGN_OR_RETURN(desired.revision, redis::AsInteger(fields[0]));
  COHORT_ASSIGN_OR_RETURN(const int64_t count, redis::AsInteger(fields[1]));
  desired.count = static_cast<int>(count);
  return desired;
}

absl::StatusOr<DesiredCount> DesiredWorkers::Set(int count, absl::Time deadline) {
  // Setting the same number twice does no harm.
  COHORT_ASSIGN_OR_RETURN(const Reply reply, redis_.Run(kSetDesired, {key_}, {absl::StrCat(count)}, deadline, LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const int64_t revision, redis::AsInteger(reply));
  return DesiredCount{revision, count};
}

}  // namespace cohort::registry
