#include "common/policy/collective_root.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/policy/announcement.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"

namespace cohort::policy {
namespace {

using learner::v1::CollectiveHello;
using learner::v1::CollectiveOutcome;

// How much longer than the root itself a member may take to report.
constexpr absl::Duration kReportGrace = absl::Milliseconds(200);
// What ending a communicator may take.
constexpr absl::Duration kDissolveGrace = absl::Milliseconds(700);
// Epochs in which a version is tried.
constexpr int kMostAttempts = 3;

grpc::Status Stopping() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the learner is stopping"); }

double Seconds(absl::Time since) { return absl::ToDoubleSeconds(absl::Now() - since); }

}  // namespace

CollectiveRoot::CollectiveRoot(Options options)
    : options_(std::move(options)),
      library_version_(options_.library->version()),
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
      streams_[membership_.Join(hello.worker_id(), absl::Now())] = stream;
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
  COHORT_LOG(ERROR) << "policy version " << outcome.version() << " reached " << worker_id << " with checksum " << absl::StrCat(absl::Hex(outcome.wrong_crc32c()))
                    << ", which is wrong; it fetches the version over gRPC";
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

void CollectiveRoot::Run() {
  for (Task task = NextTask(); task != Task::kStop; task = NextTask()) {
    if (task == Task::kForm) {
      FormEpoch();
    } else {
      SendVersion();
    }
  }
  collective_.reset();
}

CollectiveRoot::Task CollectiveRoot::NextTask() {
  absl::MutexLock lock(&mutex_);
  for (;;) {
    if (stopped_) return Task::kStop;
    // A version goes first to the epoch that stands: forming the next takes longer than sending.
    if (membership_.standing() && !membership_.Failed() && pending_.has_value()) return Task::kBroadcast;
    const absl::Time due = membership_.DueAt();
    if (due <= absl::Now()) return Task::kForm;
    changed_.WaitWithDeadline(&mutex_, due);
  }
}

sync::StopToken CollectiveRoot::BeginOperation() {
  absl::MutexLock lock(&mutex_);
  membership_.BeginOperation();
  operation_ = sync::StopSource();
  if (stopped_ || membership_.Failed()) operation_.RequestStop();
  return operation_.token();
}

void CollectiveRoot::Order(const Membership::Epoch& epoch, const std::function<void(int rank, CollectiveStream::Order& order)>& fill) {
  std::vector<std::pair<int, Stream>> streams;
  {
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < epoch.members.size(); ++i) {
      const auto stream = streams_.find(epoch.members[i]);
      if (stream != streams_.end()) streams.emplace_back(static_cast<int>(i) + 1, stream->second);
    }
  }
  for (const auto& [rank, stream] : streams) {
    CollectiveStream::Order order;
    fill(rank, order);
    stream->Give(std::move(order));
  }
}

void CollectiveRoot::FormEpoch() {
  collective_.reset();
  Membership::Epoch epoch;
  std::vector<std::string> names;
  {
    absl::MutexLock lock(&mutex_);
    epoch = membership_.Begin();
    for (const int64_t member : epoch.members) names.push_back(membership_.present().at(member));
  }
  if (epoch.members.empty()) return;
  const absl::Time begin = absl::Now(), deadline = begin + options_.timeout;
  const sync::StopToken stop = BeginOperation();
  const auto id = options_.library->NewCommunicatorId();
  if (!id.ok()) {
    {
      absl::MutexLock lock(&mutex_);
      membership_.Break(absl::Now());
    }
    return CountFailure(id.status());
  }
  const int ranks = static_cast<int>(epoch.members.size()) + 1;
  Order(epoch, [&](int rank, CollectiveStream::Order& order) {
    order.mutable_form()->set_epoch(epoch.number);
    order.mutable_form()->set_communicator_id(*id);
    order.mutable_form()->set_rank(rank);
    order.mutable_form()->set_ranks(ranks);
    order.mutable_form()->set_timeout_seconds(absl::ToDoubleSeconds(options_.timeout));
  });
  auto formed = options_.library->Form(*id, ranks, /*rank=*/0, deadline, stop);
  absl::Status status = formed.status();
  if (formed.ok()) collective_ = *std::move(formed);
  if (status.ok()) status = AwaitReports(deadline + kReportGrace);
  if (!status.ok()) return GiveUp(status);
  absl::MutexLock lock(&mutex_);
  membership_.Stand();
  counts_.last_form_seconds = Seconds(begin);
  COHORT_LOG(INFO) << "broadcast epoch " << epoch.number << " stands after " << absl::Now() - begin << ": " << absl::StrJoin(names, ", ");
}

void CollectiveRoot::SendVersion() {
  Membership::Epoch epoch;
  Version version;
  {
    absl::MutexLock lock(&mutex_);
    if (!pending_.has_value()) return;
    epoch = membership_.epoch();
    version = *pending_;
  }
  const absl::Time begin = absl::Now(), deadline = begin + options_.timeout;
  const sync::StopToken stop = BeginOperation();
  Order(epoch, [&](int, CollectiveStream::Order& order) {
    order.mutable_receive()->set_epoch(epoch.number);
    *order.mutable_receive()->mutable_announcement() = ToProto(version.announcement);
  });
  absl::Status status = collective_->Send(version.weights->memory(), version.announcement.size_bytes, deadline, stop);
  const double sent = Seconds(begin);
  if (status.ok()) status = AwaitReports(deadline + kReportGrace);
  if (!status.ok()) return GiveUp(Annotate(status, absl::StrCat("sending policy version ", version.announcement.version)));
  absl::MutexLock lock(&mutex_);
  membership_.Succeed();
  ++counts_.broadcasts;
  counts_.last_broadcast_seconds = sent;
  counts_.last_verified_seconds = Seconds(begin);
  if (pending_.has_value() && pending_->announcement.version == version.announcement.version) {
    pending_.reset();
    expecting_.clear();
  }
}

absl::Status CollectiveRoot::AwaitReports(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  for (;;) {
    if (stopped_) return absl::CancelledError("the learner is stopping");
    if (membership_.Failed()) return absl::UnavailableError("a member has failed");
    if (membership_.Complete()) return absl::OkStatus();
    if (changed_.WaitWithDeadline(&mutex_, deadline) && !membership_.Complete()) return absl::DeadlineExceededError("a member does not answer");
  }
}

void CollectiveRoot::GiveUp(const absl::Status& why) {
  Membership::Epoch epoch;
  const absl::Time begin = absl::Now();
  {
    absl::MutexLock lock(&mutex_);
    epoch = membership_.epoch();
  }
  Order(epoch, [&](int, CollectiveStream::Order& order) {
    order.mutable_dissolve()->set_epoch(epoch.number);
    order.mutable_dissolve()->set_reason(std::string(why.message()));
  });
  collective_.reset();  // Half a second; the members do the same meanwhile, and report.
  std::vector<Stream> silent;
  std::vector<std::string> names;
  {
    absl::MutexLock lock(&mutex_);
    while (!stopped_ && !membership_.Silent().empty() && !changed_.WaitWithDeadline(&mutex_, begin + kDissolveGrace)) {
    }
    for (const int64_t member : membership_.Silent()) {
      silent.push_back(streams_.at(member));
      names.push_back(membership_.present().at(member));
      expecting_.erase(names.back());
      membership_.Leave(member);
    }
    membership_.Break(absl::Now());
  }
  if (!names.empty()) COHORT_LOG(WARNING) << "left out of broadcasts, as they do not answer: " << absl::StrJoin(names, ", ");
  for (const Stream& stream : silent) stream->End(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no answer to an order of the collective"));
  CountFailure(why);
}

void CollectiveRoot::CountFailure(const absl::Status& why) {
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return;
    ++counts_.failures;
    COHORT_LOG(WARNING) << "broadcast epoch " << membership_.epoch().number << " is given up: " << why.message();
    if (pending_.has_value() && (++pending_->failures >= kMostAttempts || membership_.present().empty())) {
      COHORT_LOG(WARNING) << "policy version " << pending_->announcement.version << " is left to gRPC";
      pending_.reset();
      expecting_.clear();
    }
  }
  NotifyChange();
}

}  // namespace cohort::policy
