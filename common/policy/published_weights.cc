#include "common/policy/published_weights.h"

#include <cstring>
#include <utility>

#include "common/io/crc32c.h"

namespace cohort::policy {

HostWeights::HostWeights(std::shared_ptr<const model::Arena> arena) : arena_(std::move(arena)), crc32c_(io::Crc32c(arena_->bytes())) {}

absl::Status HostWeights::Read(int64_t offset, absl::Span<char> into) const {
  std::memcpy(into.data(), arena_->bytes().data() + offset, into.size());
  return absl::OkStatus();
}

}  // namespace cohort::policy
