#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "proto/cohort/learner/v1/policy_service.pb.h"

namespace cohort::policy {

// The header that every announcement stream begins with: by it a worker knows that its subscription stands before anything is announced.
inline constexpr char kStreamStandsHeader[] = "cohort-policy";

// The publisher's end of one worker's SubscribePolicy stream. Thread-safe; keeps itself alive until gRPC has let go of it.
//
//   idle --Offer--> writing --OnWriteDone--> idle, or writing again when something newer was offered meanwhile
//   idle --End or OnCancel--> finished;  writing --End or OnCancel--> ending --OnWriteDone--> finished
//
// At most one announcement waits, the newest: a slow reader skips versions and costs no memory.
class AnnouncementStream final : public grpc::ServerWriteReactor<learner::v1::SubscribePolicyResponse> {
 public:
  using Announcement = learner::v1::SubscribePolicyResponse;

  // `on_done` is called once, from a gRPC thread, when the stream is over.
  static std::shared_ptr<AnnouncementStream> Create(std::string worker_id, std::function<void(const std::shared_ptr<AnnouncementStream>&)> on_done);

  const std::string& worker_id() const { return worker_id_; }

  // Sends the announcement as soon as the one before is out. `revision` grows with every announcement; an offer that comes late, after one of a later
  // revision, is ignored.
  void Offer(int64_t revision, const Announcement& announcement) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends the stream with `status` after the write in progress.
  void End(const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  AnnouncementStream(std::string worker_id, std::function<void(const std::shared_ptr<AnnouncementStream>&)> on_done)
      : worker_id_(std::move(worker_id)), on_done_(std::move(on_done)) {}

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override;
  void OnDone() override;

  // Decides under the lock and acts outside of it, because gRPC may call back.
  void Proceed() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string worker_id_;
  const std::function<void(const std::shared_ptr<AnnouncementStream>&)> on_done_;
  std::shared_ptr<AnnouncementStream> self_;  // Until OnDone().
  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the newest offer.
  std::optional<Announcement> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  Announcement sending_;  // Belongs to gRPC while writing_.
};

}  // namespace cohort::policy
