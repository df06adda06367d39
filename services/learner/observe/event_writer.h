#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/learner/observe/event_encoding.h"

namespace cohort::learner {

// One TensorBoard event file. Each start of the learner writes its own; TensorBoard reads all of a directory. Not thread-safe.
class EventWriter {
 public:
  // Creates DIRECTORY/events.out.tfevents.SECONDS.HOST.PID and tells readers that the run goes on at `next_step`.
  static absl::StatusOr<std::unique_ptr<EventWriter>> Create(const std::string& directory, int64_t next_step);
  ~EventWriter();

  // Writes one event and hands it to the system, so that a reader sees it at once.
  absl::Status Write(int64_t step, const std::vector<Scalar>& scalars, const std::vector<BinnedHistogram>& histograms);

 private:
  EventWriter(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  absl::Status Append(const std::string& event);

  const std::string path_;
  std::FILE* const file_;
};

}  // namespace cohort::learner
