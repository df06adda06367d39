#include "common/policy/collective_member.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/policy/announcement.h"
#include "common/rpc/status.h"
#include "common/status/status_macros.h"
#include "common/sync/backoff.h"
#include "common/sync/bounded_queue.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "proto/cohort/learner/v1/policy_service.grpc.pb.h"

namespace cohort::policy {
namespace {

using learner::v1::CollectiveOutcome;
using learner::v1::JoinCollectiveRequest;
using Order = learner::v1::JoinCollectiveResponse;
using Stream = grpc::ClientReaderWriter<JoinCollectiveRequest, Order>;

constexpr sync::Backoff::Options kRetry = {.first = absl::Milliseconds(50), .max = absl::Seconds(2)};
constexpr absl::Duration kRefused = absl::Seconds(30);  // Another version of the library does not go away by itself.
constexpr size_t kMostOrders = 16;

// One stream's orders, carried out one after the other on a thread of its own: reading goes on meanwhile, because an order may be called off.
class Session {
 public:
  // `on_copy_failure` is called from the session's thread when memory that the learner shares cannot be copied from.
  Session(const CollectiveMember::Options& options, Stream& stream, std::function<void()> on_copy_failure)
      : options_(options), stream_(stream), on_copy_failure_(std::move(on_copy_failure)), thread_("policy-member", [this] { CarryOut(); }) {}
  ~Session() {
    CallOff(kAllEpochs);
    orders_.Close();
  }

  // False when too many wait.
  bool Take(Order order) {
    if (order.has_dissolve()) CallOff(order.dissolve().epoch());
    return orders_.TryPush(std::move(order));
  }

 private:
  static constexpr int64_t kAllEpochs = INT64_MAX;

  void CallOff(int64_t epoch) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    called_off_ = std::max(called_off_, epoch);
    if (current_epoch_ <= called_off_) current_.RequestStop();
  }

  // A stop for an order of `epoch` that begins now.
  sync::StopToken Begin(int64_t epoch) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    current_epoch_ = epoch;
    current_ = sync::StopSource();
    if (epoch <= called_off_) current_.RequestStop();
    return current_.token();
  }

  void CarryOut() {
    for (auto order = orders_.Pop(absl::InfiniteFuture()); order.ok(); order = orders_.Pop(absl::InfiniteFuture())) {
      if (order->has_form()) {
        Report(order->form().epoch(), /*version=*/-1, Form(order->form()));
      } else if (order->has_receive()) {
        Receive(order->receive());
      } else if (order->has_dissolve()) {
        collective_.reset();
      }
    }
    collective_.reset();
  }

  absl::Status Form(const learner::v1::FormOrder& order) {
    collective_.reset();
    const sync::StopToken stop = Begin(order.epoch());
    if (stop.stop_requested()) return absl::CancelledError("the learner has called it off");
    timeout_ = absl::Seconds(order.timeout_seconds());
    COHORT_ASSIGN_OR_RETURN(collective_, options_.library->Form(order.communicator_id(), order.ranks(), order.rank(), absl::Now() + timeout_, stop));
    return absl::OkStatus();
  }

  void Receive(const learner::v1::ReceiveOrder& order) {
    const PolicyAnnouncement announcement = FromProto(order.announcement());
    const sync::StopToken stop = Begin(order.epoch());
    const absl::Time begin = absl::Now();
    const absl::StatusOr<uint32_t> crc = ReceiveBytes(announcement, order.shared(), stop);
    std::optional<uint32_t> wrong;
    if (crc.ok() && *crc == announcement.crc32c) {
      options_.on_arrival(announcement, options_.sink->Complete(), absl::Now() - begin);
    } else if (crc.ok()) {
      wrong = *crc;
    }
    Report(order.epoch(), announcement.version, crc.status(), wrong);
    // After the report: this takes a while.
    if (!crc.ok()) collective_.reset();
    if (!crc.ok() && !order.shared().empty() && !stop.stop_requested()) on_copy_failure_();
  }

  absl::StatusOr<uint32_t> ReceiveBytes(const PolicyAnnouncement& announcement, const std::string& shared, const sync::StopToken& stop) {
    if (shared.empty() && collective_ == nullptr) return absl::FailedPreconditionError("there is no communicator to receive over");
    if (announcement.size_bytes != options_.sink->size_bytes()) {
      return absl::FailedPreconditionError(absl::StrCat("a version of ", announcement.size_bytes, " bytes for a model of ", options_.sink->size_bytes()));
    }
    COHORT_ASSIGN_OR_RETURN(void* const memory, options_.sink->Begin());
    const absl::Time deadline = absl::Now() + timeout_;
    COHORT_RETURN_IF_ERROR(shared.empty() ? collective_->Receive(memory, announcement.size_bytes, deadline, stop)
                                          : options_.library->Copy(shared, memory, announcement.size_bytes, deadline, stop));
    return options_.sink->Checksum();
  }

  void Report(int64_t epoch, int64_t version, const absl::Status& status, std::optional<uint32_t> wrong = std::nullopt) {
    JoinCollectiveRequest report;
    CollectiveOutcome& outcome = *report.mutable_outcome();
    outcome.set_epoch(epoch);
    outcome.set_version(version);
    if (!status.ok()) outcome.set_error(status.ToString());
    if (wrong.has_value()) outcome.set_wrong_crc32c(*wrong);
    stream_.Write(report);  // A broken stream shows when it is read.
  }

  const CollectiveMember::Options& options_;
  Stream& stream_;
  const std::function<void()> on_copy_failure_;
  sync::BoundedQueue<Order> orders_{kMostOrders};
  std::unique_ptr<Collective> collective_;                 // The thread's own, as is timeout_.
  absl::Duration timeout_ = absl::Seconds(10);             // As the last FormOrder said.
  absl::Mutex mutex_;
  int64_t called_off_ ABSL_GUARDED_BY(mutex_) = -1;        // This epoch and those before.
  int64_t current_epoch_ ABSL_GUARDED_BY(mutex_) = INT64_MAX;
  sync::StopSource current_ ABSL_GUARDED_BY(mutex_);
  sync::Thread thread_;  // Last: it uses everything above.
};

}  // namespace

class CollectiveMember::Impl {
 public:
  Impl(std::shared_ptr<grpc::Channel> learner, Options options)
      : options_(std::move(options)), stub_(learner::v1::PolicyService::NewStub(std::move(learner))), thread_("policy-join", [this] { Follow(); }) {}
  ~Impl() { Stop(); }

  void Stop() { stop_.RequestStop(); }

 private:
  void Follow() {
    sync::Backoff backoff(kRetry);
    std::string reported;
    for (;;) {
      const absl::Time begin = absl::Now();
      const absl::Status status = FollowOneStream();
      if (stop_.stop_requested()) return;
      const bool refused = absl::IsFailedPrecondition(status) || absl::IsUnimplemented(status);
      if (absl::Now() - begin > absl::Seconds(5)) {
        backoff.Reset();
        reported.clear();
      }
      if (std::string message(status.message()); !status.ok() && message != reported) {
        Report(absl::StrCat("broadcasts of weights: ", message));
        reported = std::move(message);
      }
      if (refused ? stop_.token().WaitFor(kRefused) : !backoff.Wait(stop_.token(), absl::InfiniteFuture())) return;
    }
  }

  absl::Status FollowOneStream() {
    grpc::ClientContext context;
    const sync::StopCallback cancel(stop_.token(), [&context] { context.TryCancel(); });
    const auto stream = stub_->JoinCollective(&context);
    JoinCollectiveRequest hello;
    hello.mutable_hello()->set_worker_id(options_.worker_id);
    hello.mutable_hello()->set_library_version(options_.library->version());
    hello.mutable_hello()->set_size_bytes(options_.sink->size_bytes());
    if (copies_) hello.mutable_hello()->set_place(options_.library->place());
    if (stream->Write(hello)) {
      Session session(options_, *stream, [this, &context] {
        copies_ = false;  // As a rank from now on.
        context.TryCancel();
      });
      Order order;
      while (stream->Read(&order)) {
        if (session.Take(std::move(order))) continue;
        context.TryCancel();
      }
    }
    return rpc::FromGrpc(stream->Finish());
  }

  void Report(const std::string& message) {
    if (options_.on_error != nullptr) {
      options_.on_error(message);
    } else {
      COHORT_LOG(WARNING) << message;
    }
  }

  const Options options_;
  const std::unique_ptr<learner::v1::PolicyService::Stub> stub_;
  sync::StopSource stop_;
  std::atomic<bool> copies_{true};  // Where the learner's memory is this one's; until that has failed.
  sync::Thread thread_;  // Last: it uses everything above.
};

CollectiveMember::CollectiveMember(std::shared_ptr<grpc::Channel> learner, Options options)
    : impl_(std::make_unique<Impl>(std::move(learner), std::move(options))) {}
CollectiveMember::~CollectiveMember() = default;

void CollectiveMember::Stop() { impl_->Stop(); }

}  // namespace cohort::policy
