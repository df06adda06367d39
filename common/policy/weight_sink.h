#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace cohort::policy {

// Where a broadcast version arrives: memory beside the weights in use, which their user takes over later. One thread fills it while another may take.
class WeightSink {
 public:
  virtual ~WeightSink() = default;

  virtual int64_t size_bytes() const = 0;

  // Begins a version: what was complete before can no longer be taken. Returns the memory to fill (of a GPU, where the weights are used on one).
  virtual absl::StatusOr<void*> Begin() = 0;

  // CRC-32C of what the memory holds now.
  virtual absl::StatusOr<uint32_t> Checksum() = 0;

  // The memory holds a whole version. Returns the ticket by which it may be taken until the next Begin(); tickets grow from 1.
  virtual int64_t Complete() = 0;
};

}  // namespace cohort::policy
