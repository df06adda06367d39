#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/model/arena.h"

namespace cohort::policy {

// The weights of one version on the learner's side, on the host or on a GPU. Immutable and thread-safe.
class PublishedWeights {
 public:
  virtual ~PublishedWeights() = default;

  virtual int64_t size_bytes() const = 0;
  virtual uint32_t crc32c() const = 0;

  // Where they lie, for the library of collectives.
  virtual const void* memory() const = 0;

  // Versions that the publisher keeps for those who are about to fetch them, the newest included.
  virtual int versions_held() const = 0;

  // Copies `into.size()` bytes from `offset` on into the host's memory.
  virtual absl::Status Read(int64_t offset, absl::Span<char> into) const = 0;
};

// Weights in an arena of the host. The checksum is computed by the constructor.
class HostWeights final : public PublishedWeights {
 public:
  explicit HostWeights(std::shared_ptr<const model::Arena> arena);

  int64_t size_bytes() const override { return static_cast<int64_t>(arena_->bytes().size()); }
  uint32_t crc32c() const override { return crc32c_; }
  const void* memory() const override { return arena_->bytes().data(); }
  int versions_held() const override { return 2; }
  absl::Status Read(int64_t offset, absl::Span<char> into) const override;

 private:
  const std::shared_ptr<const model::Arena> arena_;
  const uint32_t crc32c_;
};

}  // namespace cohort::policy
