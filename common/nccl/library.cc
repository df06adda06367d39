#include "common/nccl/library.h"

#include <nccl.h>

#include "absl/strings/str_cat.h"
#include "common/nccl/status.h"
#include "common/status/status_macros.h"

namespace cohort::nccl {

absl::StatusOr<std::string> LibraryVersion() {
  int code = 0;  // 22809 is 2.28.9.
  COHORT_RETURN_IF_ERROR(ToStatus(ncclGetVersion(&code), "asking for the version"));
  return absl::StrCat(code / 10000, ".", code / 100 % 100, ".", code % 100);
}

absl::StatusOr<std::string> NewCommunicatorId() {
  ncclUniqueId id;
  COHORT_RETURN_IF_ERROR(ToStatus(ncclGetUniqueId(&id), "making the identity of a communicator"));
  return std::string(id.internal, sizeof(id.internal));
}

}  // namespace cohort::nccl
