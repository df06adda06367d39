#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/io/crc32c.h"
#include "common/policy/collective.h"
#include "common/policy/weight_sink.h"

namespace cohort::policy {

// Communicators among the threads of one process, over the host's memory. As with NCCL, a rank that does not come is seen by nothing but the deadline.
class FakeCollectives {
 public:
  // One process's view, for a rank that has loaded `version`.
  std::shared_ptr<CollectiveLibrary> Library(std::string version = "2.28.9");

  // Called by a rank that is about to form a communicator. Set it before there is any.
  std::function<void(int rank)> before_forming;

 private:
  struct Group {
    int arrived = 0;
    int64_t offered = 0;                 // Broadcasts that the root has begun.
    const void* data = nullptr;
    std::map<int, int64_t> received;     // By rank.
  };
  class Rank;
  class View;

  // Until `ready` holds, with the lock.
  template <typename Ready>
  absl::Status Await(Ready ready, absl::Time deadline, const sync::StopToken& stop) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (!ready()) {
      if (stop.stop_requested()) return absl::CancelledError("called off");
      if (absl::Now() >= deadline) return absl::DeadlineExceededError("a rank does not take part");
      changed_.WaitWithTimeout(&mutex_, absl::Milliseconds(2));
    }
    return absl::OkStatus();
  }

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::shared_ptr<Group>> groups_ ABSL_GUARDED_BY(mutex_);
};

class FakeCollectives::Rank final : public Collective {
 public:
  Rank(FakeCollectives& world, std::shared_ptr<Group> group, int ranks, int rank) : world_(world), group_(std::move(group)), ranks_(ranks), rank_(rank) {}

  absl::Status Send(const void* data, int64_t, absl::Time deadline, const sync::StopToken& stop) override {
    absl::MutexLock lock(&world_.mutex_);
    group_->data = data;
    const int64_t broadcast = ++group_->offered;
    world_.changed_.SignalAll();
    return world_.Await([&] { return Received(broadcast) == ranks_ - 1; }, deadline, stop);
  }
  absl::Status Receive(void* data, int64_t bytes, absl::Time deadline, const sync::StopToken& stop) override {
    absl::MutexLock lock(&world_.mutex_);
    const int64_t broadcast = group_->received[rank_] + 1;
    const absl::Status status = world_.Await([&] { return group_->offered >= broadcast; }, deadline, stop);
    if (!status.ok()) return status;
    std::memcpy(data, group_->data, bytes);
    group_->received[rank_] = broadcast;
    world_.changed_.SignalAll();
    // Like a ring: nobody is done before all are.
    return world_.Await([&] { return Received(broadcast) == ranks_ - 1; }, deadline, stop);
  }

 private:
  int Received(int64_t broadcast) const {
    int count = 0;
    for (const auto& [rank, received] : group_->received) count += received >= broadcast ? 1 : 0;
    return count;
  }

  FakeCollectives& world_;
  const std::shared_ptr<Group> group_;
  const int ranks_;
  const int rank_;
};

class FakeCollectives::View final : public CollectiveLibrary {
 public:
  View(FakeCollectives& world, std::string version) : world_(world), version_(std::move(version)) {}

  std::string version() const override { return version_; }
  absl::StatusOr<std::string> NewCommunicatorId() override {
    absl::MutexLock lock(&world_.mutex_);
    return absl::StrCat("communicator ", world_.next_id_++);
  }
  absl::StatusOr<std::unique_ptr<Collective>> Form(const std::string& communicator_id, int ranks, int rank, absl::Time deadline,
                                                   const sync::StopToken& stop) override {
    if (world_.before_forming != nullptr) world_.before_forming(rank);
    absl::MutexLock lock(&world_.mutex_);
    auto& group = world_.groups_[communicator_id];
    if (group == nullptr) group = std::make_shared<Group>();
    const std::shared_ptr<Group> mine = group;
    ++mine->arrived;
    world_.changed_.SignalAll();
    const absl::Status status = world_.Await([&] { return mine->arrived == ranks; }, deadline, stop);
    if (!status.ok()) return status;
    return std::make_unique<Rank>(world_, mine, ranks, rank);
  }

 private:
  FakeCollectives& world_;
  const std::string version_;
};

inline std::shared_ptr<CollectiveLibrary> FakeCollectives::Library(std::string version) { return std::make_shared<View>(*this, std::move(version)); }

// A second arena in the host's memory. Thread-safe.
class HostSink final : public WeightSink {
 public:
  explicit HostSink(int64_t size_bytes) : bytes_(size_bytes) {}

  int64_t size_bytes() const override { return static_cast<int64_t>(bytes_.size()); }
  absl::StatusOr<void*> Begin() override {
    if (on_begin != nullptr) on_begin();
    return bytes_.data();
  }
  absl::StatusOr<uint32_t> Checksum() override {
    if (before_checksum != nullptr) before_checksum(bytes_);
    return io::Crc32c(bytes_);
  }
  int64_t Complete() override { return ++ticket_; }

  const std::vector<char>& bytes() const { return bytes_; }

  std::function<void()> on_begin;                                // Before a version is received.
  std::function<void(std::vector<char>& bytes)> before_checksum;  // When it is there.

 private:
  std::vector<char> bytes_;
  int64_t ticket_ = 0;
};

}  // namespace cohort::policy
