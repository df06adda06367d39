#include "common/policy/policy_publisher.h"

#include <deque>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/log/log.h"
#include "common/policy/announcement.h"
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

// A version that can be fetched.
struct Held {
  PolicyAnnouncement announcement;
  std::shared_ptr<const PublishedWeights> weights;
};

grpc::Status Stopping() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the learner is stopping"); }

// A FetchPolicy call that is answered with an error.
class RefusedFetch final : public grpc::ServerWriteReactor<FetchPolicyResponse> {
 public:
  explicit RefusedFetch(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

// A JoinCollective call likewise.
class RefusedJoin final : public grpc::ServerBidiReactor<learner::v1::JoinCollectiveRequest, learner::v1::JoinCollectiveResponse> {
 public:
  explicit RefusedJoin(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

class PolicyPublisher::Impl final : public learner::v1::PolicyService::CallbackService {
 public:
  Impl(int64_t incarnation, int64_t max_staleness, CollectiveRoot* root) : incarnation_(incarnation), max_staleness_(max_staleness), root_(root) {
    if (root_ != nullptr) root_->SetOnChange([this] { AnnounceAgain(); });
  }
  ~Impl() override {
    if (root_ != nullptr) root_->SetOnChange(nullptr);
  }

  void Publish(int64_t version, std::shared_ptr<const PublishedWeights> weights) ABSL_LOCKS_EXCLUDED(mutex_) {
    PolicyAnnouncement announcement;
    announcement.incarnation = incarnation_;
    announcement.version = version;
    announcement.size_bytes = weights->size_bytes();
    announcement.crc32c = weights->crc32c();
    announcement.max_staleness = max_staleness_;
    {
      absl::MutexLock lock(&mutex_);
      CHECK(held_.empty() || version > held_.back().announcement.version)
          << "policy version " << version << " after " << held_.back().announcement.version;
      ++revision_;
      held_.push_back({announcement, weights});
      while (held_.size() > static_cast<size_t>(weights->versions_held())) held_.pop_front();
    }
    if (root_ != nullptr) root_->Offer(announcement, std::move(weights));
    AnnounceCurrent(streams());
  }

  void Shutdown() ABSL_LOCKS_EXCLUDED(mutex_) {
    transfers_->stopping = true;
    if (root_ != nullptr) root_->Stop();
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
    const auto stream = AnnouncementStream::Create(request->worker_id(), [this](const std::shared_ptr<AnnouncementStream>& done) { Remove(done); });
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
    std::shared_ptr<const PublishedWeights> wanted;
    {
      absl::MutexLock lock(&mutex_);
      for (const Held& held : held_) {
        if (incarnation_ == request->incarnation() && held.announcement.version == request->version()) wanted = held.weights;
      }
    }
    if (wanted != nullptr) return new WeightStream(std::move(wanted), transfers_);
    return new RefusedFetch(rpc::ToGrpc(ErrorWithReason(
        absl::StatusCode::kNotFound, "VERSION_GONE",
        absl::StrCat("version ", request->version(), " of incarnation ", request->incarnation(), " is not held any more; fetch the newest"))));
  }

  grpc::ServerBidiReactor<learner::v1::JoinCollectiveRequest, learner::v1::JoinCollectiveResponse>* JoinCollective(
      grpc::CallbackServerContext* context) override {
    if (root_ == nullptr) return new RefusedJoin(grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "this learner broadcasts nothing"));
    context->AddInitialMetadata(kStreamStandsHeader, "1");
    return root_->Join().get();
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
    PolicyAnnouncement current;
    {
      absl::MutexLock lock(&mutex_);
      if (held_.empty()) return;
      revision = revision_;
      current = held_.back().announcement;
    }
    for (const auto& stream : streams) {
      current.by_broadcast = root_ != nullptr && root_->Expects(stream->worker_id());
      stream->Offer(revision, ToProto(current));
    }
  }

  // Who expects a broadcast has changed.
  void AnnounceAgain() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      ++revision_;
    }
    AnnounceCurrent(streams());
  }

  void Remove(const std::shared_ptr<AnnouncementStream>& stream) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    streams_.erase(stream);
  }

  const std::shared_ptr<TransferState> transfers_ = std::make_shared<TransferState>();
  const int64_t incarnation_;
  const int64_t max_staleness_;
  CollectiveRoot* const root_;
  mutable absl::Mutex mutex_;
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;  // Counts what was announced.
  std::deque<Held> held_ ABSL_GUARDED_BY(mutex_);  // Oldest first.
  Streams streams_ ABSL_GUARDED_BY(mutex_);
};

PolicyPublisher::PolicyPublisher(int64_t incarnation, int64_t max_staleness, CollectiveRoot* root)
    : impl_(std::make_unique<Impl>(incarnation, max_staleness, root)) {}
PolicyPublisher::~PolicyPublisher() = default;

void PolicyPublisher::Publish(int64_t version, std::shared_ptr<const PublishedWeights> weights) { impl_->Publish(version, std::move(weights)); }
void PolicyPublisher::Publish(int64_t version, std::shared_ptr<const model::Arena> weights) {
  impl_->Publish(version, std::make_shared<const HostWeights>(std::move(weights)));
}
void PolicyPublisher::Shutdown() { impl_->Shutdown(); }
int PolicyPublisher::subscribers() const { return impl_->subscribers(); }
int64_t PolicyPublisher::bytes_sent() const { return impl_->bytes_sent(); }
grpc::Service* PolicyPublisher::service() { return impl_.get(); }

}  // namespace cohort::policy
