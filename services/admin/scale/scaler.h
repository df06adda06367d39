#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/cohort/registry/v1/registry.pb.h"

namespace cohort::admin {

// How many rollout workers a run shall have, as whoever starts and stops them sees it. Implementations are thread-safe; no call outlives its deadline.
class Scaler {
 public:
  virtual ~Scaler() = default;

  // Whether somebody starts and stops workers, given the services that live. FAILED_PRECONDITION (reason NO_SCALER) says who could.
  virtual absl::Status Check(const std::vector<registry::v1::ServiceRecord>& services) const = 0;

  // How many workers are wanted; nullopt while nobody has said so.
  virtual absl::StatusOr<std::optional<int>> Wanted(absl::Time deadline) = 0;

  // Wants `replicas` from now on. With `validate_only` nothing changes, and an error is one that the call without it would get.
  virtual absl::Status Scale(int replicas, bool validate_only, absl::Time deadline) = 0;
};

}  // namespace cohort::admin
