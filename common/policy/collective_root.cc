#include "common/policy/collective_root.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/policy/announcement.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"

namespace cohort::policy {
namespace {

using learner::v1::CollectiveHello;
using learner::v1::CollectiveOutcome;

grpc::Status Stopping() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the learner is stopping"); }

}  // namespace

CollectiveRoot::CollectiveRoot(Options options)
    : options_(std::move(options)),
      library_version_(options_.library->version()),
      place_(options_.library->place()),
      membership_(options_.membership),
      thread_("policy-root", [this] { Run(); }) {}

CollectiveRoot::~CollectiveRoot() { Stop(); }

void CollectiveRoot::Offer(const PolicyAnnouncement& announcement, std::shared_ptr<const PublishedWeights> weights) {
  absl::MutexLock lock(&mutex_);
  expecting_.clear();
  // Those of an epoch that stands, else everybody who will be in the next.
  for (const auto& [member, worker_id] : membership_.present()) {
    const auto& members = membership_.epoch().members;
    if (!membership_.standing() || std::find(members.begin(), members.end(), member) != members.end()) expecting_.insert(worker_id);
  }
  if (expecting_.empty()) {
    pending_.reset();
  } else {
    pending_ = Version{announcement, std::move(weights)};
  }
  changed_.SignalAll();
}

bool CollectiveRoot::Expects(const std::string& worker_id) const {
  absl::MutexLock lock(&mutex_);
  return expecting_.count(worker_id) > 0;
}

std::shared_ptr<CollectiveStream> CollectiveRoot::Join() {
  // A report can come before this function has noted the stream, hence not before the lock is released.
  absl::MutexLock lock(&mutex_);
  const Stream stream = CollectiveStream::Create({[this](const Stream& from, const CollectiveStream::Report& report) { OnReport(from, report); },
                                                  [this](const Stream& from) { OnEnd(from); }});
  strangers_.insert(stream);
  if (stopped_) stream->End(Stopping());
  return stream;
}

void CollectiveRoot::Stop() {
  std::vector<Stream> streams;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for (const auto& [member, stream] : streams_) streams.push_back(stream);
    streams.insert(streams.end(), strangers_.begin(), strangers_.end());
    operation_.RequestStop();
    changed_.SignalAll();
  }
  for (const Stream& stream : streams) stream->End(Stopping());
}

CollectiveRoot::Counts CollectiveRoot::counts() const {
  absl::MutexLock lock(&mutex_);
  Counts counts = counts_;
  counts.epoch = membership_.epoch().number;
  counts.members = membership_.standing() ? static_cast<int>(membership_.epoch().members.size()) : 0;
  return counts;
}

void CollectiveRoot::OnReport(const Stream& stream, const CollectiveStream::Report& report) {
  if (report.has_hello()) {
    OnHello(stream, report.hello());
  } else if (report.has_outcome()) {
    OnOutcome(stream, report.outcome());
  }
}

void CollectiveRoot::OnHello(const Stream& stream, const CollectiveHello& hello) {
  absl::Status refusal;
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) {
      refusal = absl::UnavailableError("the learner is stopping");
    } else if (hello.library_version() != library_version_) {
      refusal = ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NCCL_MISMATCH",
                                absl::StrCat(hello.worker_id(), " has loaded NCCL ", hello.library_version(), ", the learner ", library_version_,
                                             ": weights go over gRPC, which is slower; install the same NCCL for both"));
    } else if (hello.size_bytes() != options_.size_bytes) {
      refusal = absl::FailedPreconditionError(absl::StrCat(hello.worker_id(), " has room for ", hello.size_bytes(), " bytes of weights, the learner's have ",
                                                           options_.size_bytes, "; do both use the same checkpoint?"));
    } else if (strangers_.erase(stream) > 0) {
      const int64_t member = membership_.Join(hello.worker_id(), absl::Now());
      streams_[member] = stream;
      if (shares_ && !place_.empty() && hello.place() == place_) copiers_.insert(member);
      changed_.SignalAll();
    }
  }
  if (refusal.ok()) return;
  COHORT_LOG(WARNING) << "a worker cannot take part in broadcasts: " << refusal.message();
  stream->End(rpc::ToGrpc(refusal));
}

void CollectiveRoot::OnOutcome(const Stream& stream, const CollectiveOutcome& outcome) {
  bool corrupt = false;
  std::string worker_id;
  {
    absl::MutexLock lock(&mutex_);
    const auto member = std::find_if(streams_.begin(), streams_.end(), [&](const auto& entry) { return entry.second == stream; });
    if (member == streams_.end() || !membership_.Report(member->first, outcome.epoch(), outcome.error().empty())) return;
    worker_id = membership_.present().at(member->first);
    if (!outcome.error().empty()) {
      COHORT_LOG(WARNING) << worker_id << ", broadcast epoch " << outcome.epoch() << ": " << outcome.error();
      operation_.RequestStop();
    } else if (pending_.has_value() && outcome.version() == pending_->announcement.version) {
      corrupt = outcome.has_wrong_crc32c();
      expecting_.erase(worker_id);
    }
    changed_.SignalAll();
  }
  if (!corrupt) return;
  COHORT_LOG(ERROR) << "policy version " << outcome.version() << " reached " << worker_id << " with the wrong checksum "
                    << absl::StrCat(absl::Hex(outcome.wrong_crc32c())) << "; it fetches the version over gRPC";
  NotifyChange();
}

void CollectiveRoot::OnEnd(const Stream& stream) {
  bool expected = false;
  {
    absl::MutexLock lock(&mutex_);
    strangers_.erase(stream);
    const auto member = std::find_if(streams_.begin(), streams_.end(), [&](const auto& entry) { return entry.second == stream; });
    if (member == streams_.end()) return;
    const auto& members = membership_.epoch().members;
    if (std::find(members.begin(), members.end(), member->first) != members.end()) operation_.RequestStop();
    const auto worker_id = membership_.present().find(member->first);
    if (worker_id != membership_.present().end()) expected = expecting_.erase(worker_id->second) > 0;
    membership_.Leave(member->first);
    copiers_.erase(member->first);
    streams_.erase(member);
    changed_.SignalAll();
  }
  if (expected) NotifyChange();
}

void CollectiveRoot::SetOnChange(std::function<void()> on_change) {
  absl::MutexLock lock(&on_change_mutex_);
  on_change_ = std::move(on_change);
}

void CollectiveRoot::NotifyChange() {
  absl::MutexLock lock(&on_change_mutex_);
  if (on_change_ != nullptr) on_change_();
}

}  // namespace cohort::policy
