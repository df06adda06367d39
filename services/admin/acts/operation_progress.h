#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/cohort/admin/v1/operation.pb.h"
#include "proto/cohort/learner/v1/control_service.pb.h"
#include "proto/cohort/registry/v1/registry.pb.h"

namespace cohort::admin {

// What the progress of operations follows from. What could not be found out is not set; operations that need it stay as they are.
struct OperationFacts {
  std::vector<registry::v1::ServiceRecord> services;
  std::optional<int> desired_workers;
  std::optional<learner::v1::GetControlResponse> control;
  std::vector<learner::v1::Checkpoint> checkpoints;
  int64_t now_ms = 0;
};

// Brings a running operation up to date: state, progress, message, end. Pure; ended ones stay as they are.
void Advance(v1::Operation& operation, const OperationFacts& facts);

}  // namespace cohort::admin
