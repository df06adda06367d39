#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/check/check.h"

namespace cohort::reward {

// A batch of checks that somebody waits for. `done` is called exactly once, on any thread, when every outcome is there; the checks' views must live until
// then. After Cancel() the outcomes that are still missing come at once, as INTERNAL, without running.
class Job {
 public:
  using Done = std::function<void(std::vector<CheckOutcome>)>;
  // `trace_tag` is what entries of the log end with that are about this job.
  Job(std::vector<CheckInput> checks, Done done, std::string trace_tag = "")
      : checks_(std::move(checks)), outcomes_(checks_.size()), missing_(checks_.size()), done_(std::move(done)), trace_tag_(std::move(trace_tag)) {}

  size_t size() const { return checks_.size(); }
  const std::string& trace_tag() const { return trace_tag_; }
  const CheckInput& check(size_t index) const { return checks_[index]; }

  void Cancel() { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }

  // Each index once.
  void Complete(size_t index, CheckOutcome outcome) {
    outcomes_[index] = std::move(outcome);
    if (missing_.fetch_sub(1) == 1) done_(std::move(outcomes_));
  }

 private:
  const std::vector<CheckInput> checks_;
  std::vector<CheckOutcome> outcomes_;
  std::atomic<size_t> missing_;
  std::atomic<bool> cancelled_{false};
  Done done_;
  const std::string trace_tag_;
};

}  // namespace cohort::reward
