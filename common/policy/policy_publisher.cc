#include "common/policy/policy_publisher.h"

#include <deque>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/io/crc32c.h"
#include "common/log/log.h"
#include "common/policy/announcement_stream.h"
#include "common/policy/weight_stream.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"

namespace cohort::policy {
namespace {

using learner::v1::FetchPolicyRequest;
using learner::v1::FetchPolicyResponse;
using learner::v1::SubscribePolicyRequest;
using learner::v1::SubscribePolicyResponse;

constexpr size_t kHeldVersions = 2;  // The current one and the one before.

SubscribePolicyResponse AnnouncementOf(const PolicySnapshot& snapshot, int64_t max_staleness) {
  SubscribePolicyResponse announcement;
  announcement.set_incarnation(snapshot.incarnation);
  announcement.set_version(snapshot.version);
  announcement.set_size_bytes(static_cast<int64_t>(snapshot.weights->bytes().size()));
  announcement.set_crc32c(snapshot.crc32c);
  announcement.set_max_staleness(max_staleness);
  return announcement;
}

grpc::Status Stopping() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the learner is stopping"); }

// A FetchPolicy call that is answered with an error.
class RefusedFetch final : public grpc::ServerWriteReactor<FetchPolicyResponse> {
 public:
  explicit RefusedFetch(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

class PolicyPublisher::Impl final : public learner::v1::PolicyService::CallbackService {
 public:
  Impl(int64_t incarnation, int64_t max_staleness) : incarnation_(incarnation), max_staleness_(max_staleness) {}

  void Publish(int64_t version, std::shared_ptr<const model::Arena> weights) ABSL_LOCKS_EXCLUDED(mutex_) {
    PolicySnapshot snapshot;
    snapshot.incarnation = incarnation_;
    snapshot.version = version;
    snapshot.crc32c = io::Crc32c(weights->bytes());
    snapshot.weights = std::move(weights);
    {
      absl::MutexLock lock(&mutex_);
      CHECK(held_.empty() || version > held_.back()->version) << "policy version " << version << " after " << held_.back()->version;
      ++revision_;
      held_.push_back(std::make_shared<const PolicySnapshot>(std::move(snapshot)));
      if (held_.size() > kHeldVersions) held_.pop_front();
    }
    AnnounceCurrent(streams());
  }

  void Shutdown() ABSL_LOCKS_EXCLUDED(mutex_) {
    transfers_->stopping = true;
    for (const auto& stream : streams()) stream->End(Stopping());
  }

  int subscribers() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return static_cast<int>(streams_.size());
  }
  int64_t bytes_sent() const { return transfers_->bytes_sent; }

  grpc::ServerWriteReactor<SubscribePolicyResponse>* SubscribePolicy(grpc::CallbackServerContext* context,
                                                                     const SubscribePolicyRequest* request) override ABSL_LOCKS_EXCLUDED(mutex_) {
    context->AddInitialMetadata(kStreamStandsHeader, "1");
    const auto stream = AnnouncementStream::Create([this](const std::shared_ptr<AnnouncementStream>& done) { Remove(done); });
    {
      absl::MutexLock lock(&mutex_);
      streams_.insert(stream);
    }
    COHORT_LOG(INFO) << request->worker_id() << " follows the policy";
    // From here on Shutdown() finds the stream; what it did before is seen here.
    if (transfers_->stopping) {
      stream->End(Stopping());
    } else {
      AnnounceCurrent({stream});
    }
    return stream.get();
  }

  grpc::ServerWriteReactor<FetchPolicyResponse>* FetchPolicy(grpc::CallbackServerContext*, const FetchPolicyRequest* request) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    if (transfers_->stopping) return new RefusedFetch(Stopping());
    std::shared_ptr<const PolicySnapshot> wanted;
    {
      absl::MutexLock lock(&mutex_);
      for (const auto& held : held_) {
        if (held->incarnation == request->incarnation() && held->version == request->version()) wanted = held;
      }
    }
    if (wanted != nullptr) return new WeightStream(std::move(wanted), transfers_);
    return new RefusedFetch(rpc::ToGrpc(ErrorWithReason(
        absl::StatusCode::kNotFound, "VERSION_GONE",
        absl::StrCat("version ", request->version(), " of incarnation ", request->incarnation(), " is not held any more; fetch the newest"))));
  }

 private:
  using Streams = std::set<std::shared_ptr<AnnouncementStream>>;

  Streams streams() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return streams_;
  }

  // Without the lock while it talks to gRPC, so announcements may overtake each other: the revision tells the streams which is newer.
  void AnnounceCurrent(const Streams& streams) ABSL_LOCKS_EXCLUDED(mutex_) {
    int64_t revision = 0;
    std::shared_ptr<const PolicySnapshot> current;
    {
      absl::MutexLock lock(&mutex_);
      if (held_.empty()) return;
      revision = revision_;
      current = held_.back();
    }
    const SubscribePolicyResponse announcement = AnnouncementOf(*current, max_staleness_);
    for (const auto& stream : streams) stream->Offer(revision, announcement);
  }

  void Remove(const std::shared_ptr<AnnouncementStream>& stream) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    streams_.erase(stream);
  }

  const std::shared_ptr<TransferState> transfers_ = std::make_shared<TransferState>();
  const int64_t incarnation_;
  const int64_t max_staleness_;
  mutable absl::Mutex mutex_;
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;  // Counts what was announced.
  std::deque<std::shared_ptr<const PolicySnapshot>> held_ ABSL_GUARDED_BY(mutex_);  // Oldest first.
  Streams streams_ ABSL_GUARDED_BY(mutex_);
};

PolicyPublisher::PolicyPublisher(int64_t incarnation, int64_t max_staleness) : impl_(std::make_unique<Impl>(incarnation, max_staleness)) {}
PolicyPublisher::~PolicyPublisher() = default;

void PolicyPublisher::Publish(int64_t version, std::shared_ptr<const model::Arena> weights) { impl_->Publish(version, std::move(weights)); }
void PolicyPublisher::Shutdown() { impl_->Shutdown(); }
int PolicyPublisher::subscribers() const { return impl_->subscribers(); }
int64_t PolicyPublisher::bytes_sent() const { return impl_->bytes_sent(); }
grpc::Service* PolicyPublisher::service() { return impl_.get(); }

}  // namespace cohort::policy
