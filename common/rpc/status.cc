#include "common/rpc/status.h"

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/errors.h"
#include "proto/cohort/common/v1/error_details.pb.h"

namespace cohort::rpc {
namespace {

constexpr char kDomain[] = "cohort";
constexpr char kErrorInfoType[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kRetryInfoType[] = "type.googleapis.com/google.rpc.RetryInfo";
const absl::Duration kNoDelay = absl::InfiniteDuration();

void AddDetail(const google::protobuf::Message& detail, const char* type, common::v1::ErrorStatus& status) {
  google::protobuf::Any* any = status.add_details();
  any->set_type_url(type);
  any->set_value(detail.SerializeAsString());
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(status.message());
  const std::string reason = ErrorReason(status);
  const absl::Duration delay = RetryDelay(status, kNoDelay);
  if (reason.empty() && delay == kNoDelay) return grpc::Status(code, message);

  common::v1::ErrorStatus details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  if (!reason.empty()) {
    common::v1::ErrorInfo info;
    info.set_reason(reason);
    info.set_domain(kDomain);
    AddDetail(info, kErrorInfoType, details);
  }
  if (delay != kNoDelay) {
    common::v1::RetryInfo retry;
    const int64_t nanoseconds = absl::ToInt64Nanoseconds(delay);
    retry.mutable_retry_delay()->set_seconds(nanoseconds / 1000000000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanoseconds % 1000000000));
    AddDetail(retry, kRetryInfoType, details);
  }
  return grpc::Status(code, message, details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  common::v1::ErrorStatus details;
  absl::Status result(code, status.error_message());
  if (!details.ParseFromString(status.error_details())) return result;
  common::v1::ErrorInfo info;
  common::v1::RetryInfo retry;
  absl::Duration delay = kNoDelay;
  for (const auto& detail : details.details()) {
    if (detail.type_url() == kErrorInfoType && info.ParseFromString(detail.value()) && info.domain() == kDomain) {
      result = ErrorWithReason(code, info.reason(), status.error_message());
    }
    if (detail.type_url() == kRetryInfoType && retry.ParseFromString(detail.value())) {
      delay = absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return delay == kNoDelay ? result : WithRetryDelay(result, delay);
}

}  // namespace cohort::rpc
