#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync/stop.h"

namespace cohort::policy {

// One rank's end of a communicator: rank 0 sends, the others receive. Every rank makes the same calls in the same order. After an error the communicator
// is of no use to anybody any more. The destructor ends what is in progress, which may take a second. One thread at a time.
class Collective {
 public:
  virtual ~Collective() = default;

  // Sends `bytes` at `data` to all ranks; returns when they have left. DEADLINE_EXCEEDED when a rank does not take part, CANCELLED after a stop.
  virtual absl::Status Send(const void* data, int64_t bytes, absl::Time deadline, const sync::StopToken& stop) = 0;

  // Receives what rank 0 sends; errors as Send().
  virtual absl::Status Receive(void* data, int64_t bytes, absl::Time deadline, const sync::StopToken& stop) = 0;
};

// What forms communicators: NCCL, or what a test puts in its place. Thread-safe.
class CollectiveLibrary {
 public:
  virtual ~CollectiveLibrary() = default;

  // All ranks of a communicator must have the same version.
  virtual std::string version() const = 0;

  // By which the ranks of one communicator find each other; made by rank 0.
  virtual absl::StatusOr<std::string> NewCommunicatorId() = 0;

  // Blocks until all ranks have come. DEADLINE_EXCEEDED when one does not, CANCELLED after a stop.
  virtual absl::StatusOr<std::unique_ptr<Collective>> Form(const std::string& communicator_id, int ranks, int rank, absl::Time deadline,
                                                           const sync::StopToken& stop) = 0;
};

}  // namespace cohort::policy
