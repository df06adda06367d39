#include "common/queue/redis_queue_group.h"

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"

namespace cohort::queue {

RedisQueueKeys::RedisQueueKeys(const std::string& run_id)
    : stream(absl::StrCat("cohort:{", run_id, "}:prompts")),
      dead(absl::StrCat("cohort:{", run_id, "}:dead")),
      incarnation(absl::StrCat("cohort:{", run_id, "}:incarnation")) {}

absl::Status EnsureGroup(redis::Pool& redis, const RedisQueueKeys& keys, absl::Time deadline) {
  const auto reply = redis.Command({"XGROUP", "CREATE", keys.stream, keys.group, "0", "MKSTREAM"}, deadline, redis::LostReply::kRepeat);
  return ErrorReason(reply.status()) == "BUSYGROUP" ? absl::OkStatus() : reply.status();
}

bool GroupIsGone(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == "NOGROUP" || reason == "UNBLOCKED";
}

}  // namespace cohort::queue
