#include "common/policy/policy_subscriber.h"

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/io/crc32c.h"
#include "common/log/log.h"
#include "common/policy/announcement.h"
#include "common/policy/announcement_stream.h"
#include "common/policy/grpc_policy_transport.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/sync/backoff.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"

namespace cohort::policy {
namespace {

using Snapshot = std::shared_ptr<const PolicySnapshot>;

constexpr sync::Backoff::Options kRetry = {.first = absl::Milliseconds(20), .max = absl::Seconds(1)};

bool Same(const PolicyAnnouncement& a, const PolicyAnnouncement& b) { return a.incarnation == b.incarnation && a.version == b.version; }

// Whether `a`, an announcement or a snapshot, is an earlier version than `b` of the same learner.
template <typename A, typename B>
bool Precedes(const A& a, const B& b) {
  return a.incarnation == b.incarnation && a.version < b.version;
}

}  // namespace

class PolicySubscriber::Impl {
 public:
  Impl(std::shared_ptr<grpc::Channel> learner, Options options)
      : options_(std::move(options)),
        stub_(learner::v1::PolicyService::NewStub(learner)),
        transport_(options_.transport != nullptr ? std::move(options_.transport) : std::make_unique<GrpcPolicyTransport>(learner)),
        announce_thread_("policy-announce", [this] { FollowAnnouncements(); }),
        fetch_thread_("policy-fetch", [this] { FetchVersions(); }) {}

  ~Impl() { Stop(); }

  Snapshot Latest() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return latest_;
  }

  absl::StatusOr<Snapshot> WaitFor(const std::function<bool(const PolicySnapshot&)>& accept, absl::Time deadline) const ABSL_LOCKS_EXCLUDED(mutex_) {
    for (Snapshot seen;;) {
      {
        absl::MutexLock lock(&mutex_);
        while (!stopped_ && latest_ == seen) {
          if (changed_.WaitWithDeadline(&mutex_, deadline)) break;
        }
        if (stopped_) return absl::CancelledError("the policy subscriber was stopped");
        if (latest_ == seen) return absl::DeadlineExceededError(absl::StrCat("no acceptable policy version; the latest is ", NameOf(seen)));
        seen = latest_;
      }
      if (accept(*seen)) return seen;
    }
  }

  void Arrived(const PolicyAnnouncement& announcement, int64_t ticket) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (!announced_.has_value() || announcement.incarnation > announced_->incarnation || Precedes(*announced_, announcement)) announced_ = announcement;
    }
    Show(announcement, {.incarnation = announcement.incarnation, .version = announcement.version, .crc32c = announcement.crc32c, .ticket = ticket});
  }

  bool connected() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return connected_;
  }

  std::optional<PolicyAnnouncement> Announced() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return announced_;
  }

  void Stop() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      stopped_ = true;
      changed_.SignalAll();
    }
    stop_.RequestStop();
  }

 private:
  static std::string NameOf(const Snapshot& snapshot) { return snapshot == nullptr ? "none" : absl::StrCat(snapshot->version); }

  void Report(const std::string& message) {
    if (options_.on_error != nullptr) {
      options_.on_error(message);
    } else {
      COHORT_LOG(WARNING) << message;
    }
  }

  // Thread "policy-announce".
  void FollowAnnouncements() {
    sync::Backoff backoff(kRetry);
    bool reported = false;  // One message for each outage.
    do {
      bool stood = false;
      const absl::Status status = FollowOneStream(stood);
      SetConnected(false);
      if (stood) {
        backoff.Reset();
        reported = false;
      }
      if (!reported && !stop_.stop_requested()) Report(absl::StrCat("the learner's announcements ended: ", status.ToString()));
      reported = true;
    } while (backoff.Wait(stop_.token(), absl::InfiniteFuture()));
  }

  // Returns when the stream ends. `stood` says whether it ever stood.
  absl::Status FollowOneStream(bool& stood) {
    grpc::ClientContext context;
    const sync::StopCallback cancel(stop_.token(), [&context] { context.TryCancel(); });
    learner::v1::SubscribePolicyRequest request;
    request.set_worker_id(options_.worker_id);
    const auto reader = stub_->SubscribePolicy(&context, request);
    // The publisher accepts with its header; a refused or broken call has none.
    reader->WaitForInitialMetadata();
    stood = context.GetServerInitialMetadata().count(kStreamStandsHeader) > 0;
    SetConnected(stood);
    learner::v1::SubscribePolicyResponse response;
    while (reader->Read(&response)) {
      Announce(FromProto(response));
    }
    return rpc::FromGrpc(reader->Finish());
  }

  void SetConnected(bool connected) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    connected_ = connected;
  }

  void Announce(const PolicyAnnouncement& announcement) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    // A broadcast may have been faster.
    if (announced_.has_value() && Precedes(announcement, *announced_)) return;
    announced_ = announcement;
    fetch_at_ = announcement.by_broadcast ? absl::Now() + options_.broadcast_patience : absl::InfinitePast();
    changed_.SignalAll();
  }

  // Thread "policy-fetch".
  void FetchVersions() {
    sync::Backoff backoff(kRetry);
    for (std::optional<PolicyAnnouncement> wanted = NextAnnouncement(); wanted.has_value(); wanted = NextAnnouncement()) {
      const absl::Status status = Obtain(*wanted);
      if (status.ok()) {
        backoff.Reset();
        continue;
      }
      if (stop_.stop_requested()) return;
      // Replaced by a newer version: its announcement is here or under way. Another size: only another announcement can help.
      const bool retry = ErrorReason(status) != "VERSION_GONE" && status.code() != absl::StatusCode::kFailedPrecondition;
      if (ErrorReason(status) != "VERSION_GONE") Report(absl::StrCat("policy version ", wanted->version, ": ", status.ToString()));
      if (!retry) Dismiss(*wanted);
      if (retry && !backoff.Wait(stop_.token(), absl::InfiniteFuture())) return;
    }
  }

  // The newest announcement, as soon as it is to be fetched and differs from what was shown or dismissed; nullopt after a stop.
  std::optional<PolicyAnnouncement> NextAnnouncement() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    while (!stopped_) {
      if (!announced_.has_value() || (settled_.has_value() && Same(*announced_, *settled_))) {
        changed_.Wait(&mutex_);
      } else if (fetch_at_ > absl::Now()) {
        changed_.WaitWithDeadline(&mutex_, fetch_at_);
      } else {
        return announced_;
      }
    }
    return std::nullopt;
  }

  void Dismiss(const PolicyAnnouncement& announcement) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    settled_ = announcement;
  }

  // Shows the announced version, fetching it unless it is held already.
  absl::Status Obtain(const PolicyAnnouncement& wanted) {
    // A learner on a GPU publishes bf16, one on the CPU fp32; the size tells.
    const bool rounded = wanted.size_bytes == options_.arena_elements * model::SizeOf(model::DType::kBfloat16);
    if (const int64_t expected = options_.arena_elements * model::SizeOf(model::DType::kFloat32); !rounded && wanted.size_bytes != expected) {
      return absl::FailedPreconditionError(absl::StrCat("the learner's weights have ", wanted.size_bytes, " bytes, this worker's model ", expected,
                                                        " in fp32 and ", expected / 2, " in bf16; do both use the same checkpoint?"));
    }
    const Snapshot held = Latest();
    PolicySnapshot obtained{.incarnation = wanted.incarnation, .version = wanted.version, .crc32c = wanted.crc32c};
    if (held != nullptr && held->version == wanted.version && held->crc32c == wanted.crc32c) {
      obtained.weights = held->weights;
      obtained.ticket = held->ticket;
    } else {
      auto fetched = std::make_shared<model::Arena>(options_.arena_elements, rounded ? model::DType::kBfloat16 : model::DType::kFloat32);
      const absl::Time begin = absl::Now();
      const absl::Status status = transport_->Fetch(wanted, fetched->bytes(), stop_.token(), absl::Now() + options_.fetch_timeout);
      if (!status.ok()) return status;
      const uint32_t crc = io::Crc32c(fetched->bytes());
      if (crc != wanted.crc32c) {
        return absl::DataLossError(absl::StrCat("the bytes have checksum ", absl::Hex(crc), ", announced was ", absl::Hex(wanted.crc32c)));
      }
      if (options_.on_fetched) options_.on_fetched(wanted.size_bytes, absl::Now() - begin);
      obtained.weights = std::move(fetched);
    }
    Show(wanted, std::move(obtained));
    return absl::OkStatus();
  }

  void Show(const PolicyAnnouncement& announcement, PolicySnapshot obtained) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    // A broadcast may have brought a newer one while this one was fetched.
    if (latest_ != nullptr && Precedes(obtained, *latest_)) return;
    latest_ = std::make_shared<const PolicySnapshot>(std::move(obtained));
    settled_ = announcement;
    changed_.SignalAll();
  }

  Options options_;
  const std::unique_ptr<learner::v1::PolicyService::Stub> stub_;
  const std::unique_ptr<PolicyTransport> transport_;
  sync::StopSource stop_;
  mutable absl::Mutex mutex_;
  mutable absl::CondVar changed_;  // latest_, announced_ or stopped_.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<PolicyAnnouncement> announced_ ABSL_GUARDED_BY(mutex_);  // The newest.
  absl::Time fetch_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();   // Until then it may come by a broadcast.
  std::optional<PolicyAnnouncement> settled_ ABSL_GUARDED_BY(mutex_);    // The last one that was shown or given up.
  Snapshot latest_ ABSL_GUARDED_BY(mutex_);
  sync::Thread announce_thread_;  // Last: they use everything above.
  sync::Thread fetch_thread_;
};

PolicySubscriber::PolicySubscriber(std::shared_ptr<grpc::Channel> learner, Options options)
    : impl_(std::make_unique<Impl>(std::move(learner), std::move(options))) {}
PolicySubscriber::~PolicySubscriber() = default;

std::shared_ptr<const PolicySnapshot> PolicySubscriber::Latest() const { return impl_->Latest(); }

absl::StatusOr<std::shared_ptr<const PolicySnapshot>> PolicySubscriber::WaitFor(const std::function<bool(const PolicySnapshot&)>& accept,
                                                                                absl::Time deadline) const {
  return impl_->WaitFor(accept, deadline);
}

void PolicySubscriber::Arrived(const PolicyAnnouncement& announcement, int64_t ticket) { impl_->Arrived(announcement, ticket); }

bool PolicySubscriber::connected() const { return impl_->connected(); }

std::optional<PolicyAnnouncement> PolicySubscriber::Announced() const { return impl_->Announced(); }

void PolicySubscriber::Stop() { impl_->Stop(); }

}  // namespace cohort::policy
