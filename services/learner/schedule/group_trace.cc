#include "services/learner/schedule/group_trace.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cohort::learner {

rpc::TraceContext GroupTraces::Of(int64_t step, int64_t slot) const {
  const auto hash = [&](const char* what) {
    hash::KeyedHasher hasher(secret_);
    hasher.UpdatePiece(what);
    hasher.UpdatePiece(absl::StrCat(step, "/", slot));
    return hasher.Finish();
  };
  const hash::Key128 trace = hash("trace");
  // Ids of zeros are not valid.
  return rpc::TraceContext(std::max<uint64_t>(trace.high, 1), trace.low, std::max<uint64_t>(hash("span").low, 1));
}

}  // namespace cohort::learner
