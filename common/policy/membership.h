#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace cohort::policy {

// Which workers form the communicator of which epoch, and whether it is still good: the decisions of the collective's root, without its means. Not
// thread-safe; time is given.
//
//   none --Begin--> forming --Stand--> standing --Begin--> forming …          Break(): forming or standing --> broken --Begin--> forming …
//
// A member that joins makes a new epoch due once joins have been quiet for a moment, so that workers that start together come into one; a member of the
// epoch that leaves makes it due at once. An epoch that breaks is due again at once the first time, then after delays that double.
class Membership {
 public:
  struct Options {
    absl::Duration gather = absl::Milliseconds(250);
    absl::Duration first_delay = absl::Seconds(1);   // After the second epoch in a row that broke.
    absl::Duration max_delay = absl::Seconds(30);
  };
  // Rank r + 1 of the epoch is members[r]; rank 0 is the root.
  struct Epoch {
    int64_t number = 0;
    std::vector<int64_t> members;
  };

  Membership() : Membership(Options()) {}
  explicit Membership(Options options) : options_(options) {}

  // A worker has come. Returns its number as a member; a worker that comes again is another member.
  int64_t Join(const std::string& worker_id, absl::Time now);
  // It is gone. Unknown members are ignored.
  void Leave(int64_t member);

  // When a new epoch is to be formed; InfiniteFuture when the one that stands is right, or nobody is there.
  absl::Time DueAt() const;

  // Forms the next epoch of everybody who is there.
  const Epoch& Begin();
  // All members have formed it, and nothing has gone wrong in it since an operation succeeded.
  void Stand();
  // Its communicator is of no use any more.
  void Break(absl::Time now);
  // It has carried a broadcast: delays begin anew.
  void Succeed() { failures_ = 0; }

  // Begins an operation of the epoch, of which every member reports the outcome; forming it is the first one.
  void BeginOperation() { reports_.clear(); }
  // Reports of other epochs, and of members that are not in it or have left, are ignored (false).
  bool Report(int64_t member, int64_t epoch, bool good);
  // Members have left the epoch, or reported that it is of no use to them.
  bool Failed() const;
  // Every member has reported that the operation went well.
  bool Complete() const;
  // Members of the epoch that are there and have not reported.
  std::vector<int64_t> Silent() const;

  bool standing() const { return state_ == State::kStanding; }
  const Epoch& epoch() const { return epoch_; }
  const std::map<int64_t, std::string>& present() const { return present_; }  // Worker ids by member.

 private:
  enum class State { kNone, kForming, kStanding, kBroken };

  const Options options_;
  State state_ = State::kNone;
  Epoch epoch_;
  std::map<int64_t, std::string> present_;
  std::map<int64_t, bool> reports_;          // Of the current operation.
  int64_t next_member_ = 1;
  int failures_ = 0;                         // Epochs in a row that broke.
  absl::Time last_join_ = absl::InfinitePast();
  absl::Time not_before_ = absl::InfinitePast();
};

}  // namespace cohort::policy
