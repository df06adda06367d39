#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proto/cohort/admin/v1/cluster.pb.h"
#include "proto/cohort/learner/v1/control_service.pb.h"
#include "proto/cohort/learner/v1/run_service.pb.h"

namespace cohort::admin {

// What was found out about a run; what could not be is not set.
struct ClusterFacts {
  std::string run_id;
  std::vector<registry::v1::ServiceRecord> services;
  std::optional<learner::v1::GetRunResponse> run;
  std::optional<learner::v1::GetControlResponse> control;
  std::string learner_error;                         // Why `run` is not set.
  std::vector<learner::v1::StepRecord> steps;        // The latest ones, by step.
  std::optional<v1::QueueState> queue;
  int desired_workers = -1;
  int64_t last_event = 0;
  int64_t now_ms = 0;                                // When, since the Unix epoch; within the skew the clock of Redis.
};

// The status that follows from the facts. Pure.
v1::ClusterStatus BuildStatus(const ClusterFacts& facts);

// A rollout worker and how far it is behind.
v1::Worker DescribeWorker(const registry::v1::ServiceRecord& service);

}  // namespace cohort::admin
