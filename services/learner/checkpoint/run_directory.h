#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// What a run directory belongs to.
struct RunIdentity {
  std::string name;
  std::string fingerprint;      // Of the config.
  uint32_t model_crc32c = 0;    // Of the initial weights.
  uint32_t data_crc32c = 0;     // Of the training data.
};

// The directory of everything a run writes, held exclusively by one learner while this object lives (learner.lock). run.json says what it belongs to.
class RunDirectory {
 public:
  // FAILED_PRECONDITION names the directory and the remedy: it holds a run and `resume` is off; it belongs to another config, model or data set;
  // another learner works in it. Nothing is overwritten then. With `resume` an empty directory is fine: there was nothing to go on from.
  static absl::StatusOr<std::unique_ptr<RunDirectory>> Open(const std::string& path, const RunIdentity& identity, bool resume);
  ~RunDirectory();

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // Incarnation of the last learner that worked here, this one's once it is set; 0 when there was none.
  int64_t last_incarnation() const { return last_incarnation_; }
  // Records the incarnation of this one, durably.
  absl::Status SetIncarnation(int64_t incarnation);

 private:
  RunDirectory(std::string path, RunIdentity identity, int lock) : path_(std::move(path)), identity_(std::move(identity)), lock_(lock) {}
  absl::Status Check(bool resume);

  const std::string path_;
  const RunIdentity identity_;
  const int lock_;
  int64_t last_incarnation_ = 0;
};

// The directory that `config` asks for: run.directory, or runs/NAME.
std::string RunDirectoryPath(const config::v1::RunConfig& config);

}  // namespace cohort::learner
