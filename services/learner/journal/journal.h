#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/sync/thread.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"
#include "services/learner/journal/segment.h"

namespace cohort::learner {

// The groups that the learner has accepted, on disk before anybody is told so. A learner that was killed finds them again.
//
// Records are serialized learner.v1.Group messages in segment files of one directory. Appends of many callers share one flush (group commit). A group
// without completions records that its slot was given up (dead letter).
//
// Thread-safe. Append() never blocks; its callbacks run on the journal's own thread and must not call back into the journal. Memory is bounded by
// `max_pending_bytes`.
class Journal {
 public:
  struct Options {
    std::string directory;                      // Created when missing.
    int64_t max_pending_bytes = 256ll << 20;    // Bytes that may wait for the disk.
    int64_t segment_bytes = 128ll << 20;        // A segment that has grown so large is closed.
  };
  using Done = std::function<void(const absl::Status&)>;

  // Reads all segments, cuts torn tails off, remembers where the groups of `from_step` and later stand, and starts a new segment.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(Options options, int64_t from_step);
  // Writes what is pending, then stops.
  ~Journal();

  // Makes `group` durable, then calls `done` with OK, or with why that failed (RESOURCE_EXHAUSTED: disk full); the group is then not in the journal.
  // Returns RESOURCE_EXHAUSTED, and never calls `done`, when too much waits for the disk already.
  absl::Status Append(const learner::v1::Group& group, Done done) ABSL_LOCKS_EXCLUDED(mutex_);

  // Starts a new segment and deletes those that hold nothing of `step` or later: call it after a checkpoint from which step `step` goes on.
  absl::Status DropBefore(int64_t step) ABSL_LOCKS_EXCLUDED(file_mutex_);

  // Whether an earlier process had accepted this group (when its id was accepted twice, the later one counts).
  bool Recovered(const std::string& group_id) const { return recovered_.count(group_id) > 0; }
  // Number of such groups.
  int64_t recovered() const { return recovered_.size(); }
  // Reads it back. DATA_LOSS when its file was damaged since Open().
  absl::StatusOr<learner::v1::Group> Load(const std::string& group_id) const;

  // Segment files now.
  int64_t segments() const ABSL_LOCKS_EXCLUDED(file_mutex_);

 private:
  struct Pending {
    std::string frame;
    int64_t step = 0;
    Done done;
  };
  struct Closed {
    std::string path;
    int64_t newest_step = -1;  // Newest step of its groups; -1 when it is empty.
  };

  struct Location {
    std::string path;
    int64_t offset = 0;
  };

  explicit Journal(Options options) : options_(std::move(options)) {}
  absl::Status Recover(int64_t from_step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  absl::Status RecoverSegment(int64_t from_step, Closed& segment);
  absl::Status StartSegment() ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  void Run();
  absl::Status WriteBatch(const std::vector<Pending>& batch) ABSL_LOCKS_EXCLUDED(file_mutex_);

  const Options options_;
  std::map<std::string, Location> recovered_;  // Constant once Open() has returned.

  mutable absl::Mutex mutex_;
  std::vector<Pending> pending_ ABSL_GUARDED_BY(mutex_);
  int64_t pending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // Of those waiting and of those being written.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  mutable absl::Mutex file_mutex_;  // Held across disk writes; never taken while mutex_ is held.
  std::vector<Closed> closed_ ABSL_GUARDED_BY(file_mutex_);
  std::unique_ptr<SegmentWriter> active_ ABSL_GUARDED_BY(file_mutex_);
  int64_t active_newest_step_ ABSL_GUARDED_BY(file_mutex_) = -1;
  bool active_torn_ ABSL_GUARDED_BY(file_mutex_) = false;  // The tail is unknown; reading ends there, so no record may stand behind it.
  int64_t next_number_ ABSL_GUARDED_BY(file_mutex_) = 1;

  sync::Thread writer_;
};

}  // namespace cohort::learner
