#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cohort::learner {

// A JSONL file whose lines each belong to a step and carry it under the key "step", in ascending order. A run that goes on from step N first drops
// what an earlier process wrote about step N and later (it will be done again) and a torn last line.
//
// Not thread-safe.
class StepLog {
 public:
  // Opens or creates `path`; lines of steps below `next_step` stay, and are handed to `kept` (may be null).
  static absl::StatusOr<std::unique_ptr<StepLog>> Open(const std::string& path, int64_t next_step,
                                                       const std::function<void(absl::string_view line)>& kept = nullptr);
  ~StepLog();

  // Appends whole lines (each with its newline) in one write. RESOURCE_EXHAUSTED (disk full) and others name the file; what was written of them is
  // cut off.
  absl::Status Append(absl::string_view lines);
  // Flushes to disk.
  absl::Status Sync();

 private:
  StepLog(std::string path, int fd, int64_t bytes) : path_(std::move(path)), fd_(fd), bytes_(bytes) {}

  const std::string path_;
  const int fd_;
  int64_t bytes_;
};

}  // namespace cohort::learner
