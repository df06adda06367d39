#pragma once

#include <deque>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "proto/cohort/learner/v1/control_service.pb.h"

namespace cohort::learner {

// The latest completions that were trained on, for whoever asks: at most 256. Thread-safe.
class SampleFeed {
 public:
  // Takes lines of samples.jsonl; those that cannot be read are left out.
  void Add(absl::string_view lines) ABSL_LOCKS_EXCLUDED(mutex_);
  // Newest step first, samples of one step in their order.
  std::vector<v1::TrainingSample> Latest(size_t limit) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::deque<v1::TrainingSample> samples_ ABSL_GUARDED_BY(mutex_);  // As they came.
};

}  // namespace cohort::learner
