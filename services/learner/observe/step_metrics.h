#pragma once

#include "common/metrics/metrics.h"
#include "proto/cohort/learner/v1/run_service.pb.h"
#include "services/learner/intake/intake.h"

namespace cohort::learner {

// The learner's Prometheus metrics besides its time budget. Thread-safe; the registry outlives it.
class StepMetrics {
 public:
  explicit StepMetrics(metrics::Registry& registry);

  void ObserveStep(const learner::v1::StepRecord& record);
  // `bytes` is the size of one that was written, else 0.
  void ObserveCheckpoint(double seconds, bool ok, double bytes);
  // What the intake counted since the last call.
  void ObserveIntake(const IntakeCounts& before, const IntakeCounts& now);
  void SetOpenSlots(int64_t slots) { open_slots_->Set(static_cast<double>(slots)); }
  void SetPolicyVersion(int64_t version) { policy_version_->Set(static_cast<double>(version)); }
  // Workers that take part in broadcasts of weights, how long the last one took, and how many communicators have failed so far.
  void ObserveBroadcasts(int members, double seconds, int64_t failures) {
    broadcast_members_->Set(members);
    broadcast_seconds_->Set(seconds);
    broadcast_failures_->Set(static_cast<double>(failures));
  }
  void CountIssued(int64_t tasks) { issued_->Add(static_cast<double>(tasks)); }
  void CountReissued(int64_t tasks) { reissued_->Add(static_cast<double>(tasks)); }
  void CountDead(int64_t tasks) { dead_->Add(static_cast<double>(tasks)); }

 private:
  metrics::Counter* steps_;
  metrics::Counter* tokens_;
  metrics::Counter* samples_;
  metrics::Counter* masked_;
  metrics::Counter* issued_;
  metrics::Counter* reissued_;
  metrics::Counter* dead_;
  metrics::Counter* accepted_;
  metrics::Counter* duplicates_;
  metrics::Counter* stale_;
  metrics::Counter* other_incarnation_;
  metrics::Counter* unknown_slot_;
  metrics::Counter* malformed_;
  metrics::Counter* checkpoints_;
  metrics::Counter* checkpoint_failures_;
  metrics::Gauge* checkpoint_time_;
  metrics::Gauge* checkpoint_bytes_;
  metrics::Gauge* open_slots_;
  metrics::Gauge* policy_version_;
  metrics::Gauge* broadcast_members_;
  metrics::Gauge* broadcast_seconds_;
  metrics::Gauge* broadcast_failures_;
  metrics::Gauge* reward_;
  metrics::Gauge* accuracy_;
  metrics::Gauge* format_;
  metrics::Gauge* length_;
  metrics::Gauge* kl_;
  metrics::Gauge* entropy_;
  metrics::Gauge* grad_norm_;
  metrics::Gauge* clip_;
  metrics::Gauge* mismatch_;
  metrics::Histogram* step_seconds_;
  metrics::Histogram* checkpoint_seconds_;
  metrics::Histogram* staleness_;
};

}  // namespace cohort::learner
