#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/metrics/metrics.h"
#include "common/sync/stop.h"
#include "grpcpp/client_context.h"
#include "proto/cohort/learner/v1/follow_service.grpc.pb.h"
#include "services/learner/follow/follow_options.h"
#include "services/learner/follow/order_box.h"
#include "services/learner/follow/order_executor.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner {

// What a follower tells others about its work.
struct FollowerMetrics {
  explicit FollowerMetrics(metrics::Registry& registry);
  metrics::Gauge* connected;    // 1 while it can take orders.
  metrics::Counter* passes;     // Whose gradient was wanted.
  metrics::Counter* tokens;     // Rows of those passes.
};

// How following a leader ended.
struct FollowEnd {
  enum class Kind {
    kRunDone,     // There is nothing more to do.
    kLeaderGone,  // It, or the way to it: follow again.
    kHopeless,    // `why` is for people to mend.
  };
  Kind kind = Kind::kLeaderGone;
  absl::Status why;
};

// A follower between its hello and the end of the stream: one model, made for one leader. Use once.
//
// Three threads: the caller's makes the model and carries out orders, with the model's own beside it; one reads them; one says that the follower lives.
class FollowerSession {
 public:
  // Everything outlives the session. `on_ready` is told when the follower can take orders.
  FollowerSession(const FollowOptions& options, v1::FollowService::Stub* stub, FollowerMetrics* metrics,
                  std::function<void(const v1::FollowTask& task)> on_ready);

  // Blocks until the stream is over, which a stop brings about.
  FollowEnd Follow(const sync::StopToken& stop);

 private:
  using Stream = grpc::ClientReaderWriter<v1::FollowRequest, v1::FollowResponse>;

  // From the hello to the last order. OK when the stream ended; else why this follower is of no use.
  absl::Status Work();
  absl::Status Serve(const v1::FollowTask& task);
  absl::StatusOr<std::unique_ptr<PolicyModel>> MakeModel(const v1::FollowTask& task, v1::FollowerReady& ready) const;
  void ReadOrders(OrderBox& box);
  void Answer(OrderExecutor& executor, const v1::FollowResponse& order);
  bool Send(const v1::FollowRequest& message) ABSL_LOCKS_EXCLUDED(write_mutex_);
  FollowEnd Conclude(const absl::Status& worked);

  const FollowOptions& options_;
  v1::FollowService::Stub* const stub_;
  FollowerMetrics* const metrics_;
  const std::function<void(const v1::FollowTask&)> on_ready_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  std::optional<v1::Farewell> farewell_;  // Of the thread that reads; of the caller's when that has ended.
  absl::Mutex write_mutex_;               // One message after the other.
};

}  // namespace cohort::learner
