#include "services/admin/cluster/errors.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/redis/connection.h"
#include "common/status/errors.h"

namespace cohort::admin {
namespace {

constexpr absl::Duration kRetryDelay = absl::Seconds(1);

}  // namespace

absl::Status OfRedis(const absl::Status& status) {
  if (ErrorReason(status) == redis::kRefused) return ErrorWithReason(absl::StatusCode::kFailedPrecondition, redis::kRefused, status.message());
  const bool unreachable = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  if (!unreachable || !ErrorReason(status).empty()) return status;
  return WithRetryDelay(ErrorWithReason(absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE", status.message()), kRetryDelay);
}

absl::Status NoLearner(absl::string_view why) {
  return WithRetryDelay(ErrorWithReason(absl::StatusCode::kUnavailable, "NO_LEARNER", absl::StrCat("the learner does not answer: ", why)), kRetryDelay);
}

absl::Status UnknownWorker(const std::string& name) {
  return ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_WORKER",
                         absl::StrCat("there is no rollout worker '", name, "' in the registry; `cohort worker list` shows those that live"));
}

absl::Status UnknownService(const std::string& name) {
  return ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_SERVICE", absl::StrCat("there is no service '", name, "' in the registry"));
}

}  // namespace cohort::admin
