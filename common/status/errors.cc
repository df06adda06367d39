#include "common/status/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace cohort {
namespace {

constexpr char kReason[] = "cohort/reason";
constexpr char kRetryDelayMs[] = "cohort/retry_delay_ms";

std::string Payload(const absl::Status& status, absl::string_view type) {
  const auto payload = status.GetPayload(type);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status ErrorWithReason(absl::StatusCode code, absl::string_view reason, absl::string_view message) {
  absl::Status status(code, message);
  status.SetPayload(kReason, absl::Cord(reason));
  return status;
}

std::string ErrorReason(const absl::Status& status) { return Payload(status, kReason); }

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  status.SetPayload(kRetryDelayMs, absl::Cord(absl::StrCat(absl::ToInt64Milliseconds(delay))));
  return status;
}

absl::Duration RetryDelay(const absl::Status& status, absl::Duration fallback) {
  int64_t milliseconds = 0;
  return absl::SimpleAtoi(Payload(status, kRetryDelayMs), &milliseconds) ? absl::Milliseconds(milliseconds) : fallback;
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view type, const absl::Cord& payload) { annotated.SetPayload(type, payload); });
  return annotated;
}

}  // namespace cohort
