// The root's thread: epochs are formed, versions sent, communicators given up.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/policy/announcement.h"
#include "common/policy/collective_root.h"
#include "common/status/errors.h"

namespace cohort::policy {
namespace {

// How much longer than the root itself a member may take to report.
constexpr absl::Duration kReportGrace = absl::Milliseconds(200);
// What ending a communicator may take.
constexpr absl::Duration kDissolveGrace = absl::Milliseconds(700);
// Epochs in which a version is tried.
constexpr int kMostAttempts = 3;

double Seconds(absl::Time since) { return absl::ToDoubleSeconds(absl::Now() - since); }

}  // namespace

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
    int rank = 0;
    for (const int64_t member : epoch.members) {
      const auto stream = streams_.find(member);
      const bool copies = copiers_.count(member) > 0;
      if (!copies) ++rank;
      if (stream != streams_.end()) streams.emplace_back(copies ? 0 : rank, stream->second);
    }
  }
  for (const auto& [rank, stream] : streams) {
    CollectiveStream::Order order;
    fill(rank, order);
    if (order.order_case() != CollectiveStream::Order::ORDER_NOT_SET) stream->Give(std::move(order));
  }
}

int CollectiveRoot::PrepareRanks(const Membership::Epoch& epoch) {
  absl::MutexLock lock(&mutex_);
  int ranks = 1;
  for (const int64_t member : epoch.members) {
    if (copiers_.count(member) == 0) {
      ++ranks;
    } else {
      membership_.Report(member, epoch.number, /*good=*/true);
    }
  }
  return ranks;
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
  const int ranks = PrepareRanks(epoch);
  if (ranks > 1) {
    const auto id = options_.library->NewCommunicatorId();
    if (!id.ok()) {
      {
        absl::MutexLock lock(&mutex_);
        membership_.Break(absl::Now());
      }
      return CountFailure(id.status());
    }
    Order(epoch, [&](int rank, CollectiveStream::Order& order) {
      if (rank == 0) return;
      order.mutable_form()->set_epoch(epoch.number);
      order.mutable_form()->set_communicator_id(*id);
      order.mutable_form()->set_rank(rank);
      order.mutable_form()->set_ranks(ranks);
      order.mutable_form()->set_timeout_seconds(absl::ToDoubleSeconds(options_.timeout));
    });
    auto formed = options_.library->Form(*id, ranks, /*rank=*/0, deadline, stop);
    if (!formed.ok()) return GiveUp(formed.status());
    collective_ = *std::move(formed);
  }
  if (const absl::Status status = AwaitReports(deadline + kReportGrace); !status.ok()) return GiveUp(status);
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
  const absl::StatusOr<std::string> shared = Share(version);
  if (!shared.ok()) return GiveUp(shared.status());
  Order(epoch, [&](int rank, CollectiveStream::Order& order) {
    order.mutable_receive()->set_epoch(epoch.number);
    *order.mutable_receive()->mutable_announcement() = ToProto(version.announcement);
    if (rank == 0) order.mutable_receive()->set_shared(*shared);
  });
  absl::Status status = Send(version, deadline, stop);
  const double sent = Seconds(begin);
  if (status.ok()) status = AwaitReports(deadline + kReportGrace);
  const double verified = Seconds(begin);
  if (!status.ok()) return GiveUp(Annotate(status, absl::StrCat("sending policy version ", version.announcement.version)));
  absl::MutexLock lock(&mutex_);
  membership_.Succeed();
  ++counts_.broadcasts;
  counts_.last_broadcast_seconds = collective_ == nullptr ? verified : sent;
  counts_.last_verified_seconds = verified;
  if (pending_.has_value() && pending_->announcement.version == version.announcement.version) {
    pending_.reset();
    expecting_.clear();
  }
}

absl::StatusOr<std::string> CollectiveRoot::Share(const Version& version) {
  {
    absl::MutexLock lock(&mutex_);
    if (copiers_.empty()) return "";
  }
  absl::StatusOr<std::string> shared = options_.library->Share(version.weights->memory());
  if (shared.ok()) return shared;
  std::vector<Stream> streams;
  {
    absl::MutexLock lock(&mutex_);
    shares_ = false;
    for (const int64_t member : copiers_) streams.push_back(streams_.at(member));
  }
  for (const Stream& stream : streams) stream->End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the learner's memory cannot be shared; join again as a rank"));
  return shared;
}

absl::Status CollectiveRoot::Send(const Version& version, absl::Time deadline, const sync::StopToken& stop) {
  if (collective_ == nullptr) return absl::OkStatus();  // Everybody copies.
  return collective_->Send(version.weights->memory(), version.announcement.size_bytes, deadline, stop);
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
