#pragma once

#include <string>

#include "common/registry/desired_workers.h"
#include "services/admin/scale/scaler.h"

namespace cohort::admin {

// Scales through a number in Redis that `cohort run` acts on. UNAVAILABLE (reason REDIS_UNAVAILABLE).
class LauncherScaler final : public Scaler {
 public:
  // Connects at the first call.
  LauncherScaler(const std::string& redis, const std::string& run) : desired_(redis, run) {}

  absl::Status Check(const std::vector<registry::v1::ServiceRecord>& services) const override;
  absl::StatusOr<std::optional<int>> Wanted(absl::Time deadline) override;
  absl::Status Scale(int replicas, bool validate_only, absl::Time deadline) override;

 private:
  registry::DesiredWorkers desired_;
};

}  // namespace cohort::admin
