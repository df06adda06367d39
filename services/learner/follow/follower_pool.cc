#include "services/learner/follow/follower_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

constexpr int64_t kMostWorkers = 256;  // Of one follower: as many as it may have threads.

absl::Status Refusal(absl::string_view reason, const std::string& message) { return ErrorWithReason(absl::StatusCode::kFailedPrecondition, reason, message); }

}  // namespace

FollowerPool::FollowerPool(Options options, metrics::Registry* registry) : options_(std::move(options)), places_(std::max(options_.task.processes(), 1) - 1) {
  if (registry != nullptr) {
    registry->GetGauge("cohort_learner_followers_wanted", "Followers that the run's updates need")->Set(static_cast<double>(places_.size()));
    connected_ = registry->GetGauge("cohort_learner_followers_connected", "Followers that are there and ready");
    connected_->Set(0);
    lost_ = registry->GetCounter("cohort_learner_followers_lost_total", "Followers that went away while they were needed");
  }
  watch_ = sync::Thread("followers", [this] { Watch(); });
}

FollowerPool::~FollowerPool() { stop_.RequestStop(); }

grpc::Status FollowerPool::Follow(grpc::ServerContext* context, FollowerLink::Stream* stream) {
  const auto link = std::make_shared<FollowerLink>(context, stream, options_.exchange);
  {
    absl::MutexLock lock(&mutex_);
    links_.insert(link);
  }
  const absl::Status status = Serve(link);
  Leave(link);
  if (absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status)) COHORT_LOG(WARNING) << "refused: " << status.message();
  return rpc::ToGrpc(status);
}

absl::Status FollowerPool::Serve(const std::shared_ptr<FollowerLink>& link) {
  const std::optional<v1::FollowRequest> hello = link->Read();
  if (!hello.has_value() || !hello->has_hello()) return absl::InvalidArgumentError("a follower's first message is its hello");
  COHORT_ASSIGN_OR_RETURN(const size_t place, TakePlace(link, hello->hello()));
  v1::FollowResponse task;
  *task.mutable_task() = options_.task;
  task.mutable_task()->set_rank(static_cast<int32_t>(place) + 1);
  link->Send(task);
  const std::optional<v1::FollowRequest> ready = link->Read();
  if (!ready.has_value() || !ready->has_ready()) return absl::UnavailableError("the follower went away before it was ready");
  COHORT_RETURN_IF_ERROR(CheckReady(*link, ready->ready()));
  {
    absl::MutexLock lock(&mutex_);
    if (leaving_.has_value()) return absl::UnavailableError("the leader is stopping");
    if (places_[place].link != link) return absl::AbortedError("another follower has this place");
    link->set_workers(ready->ready().workers());
    places_[place].ready = true;
    CountReady();
  }
  COHORT_LOG(INFO) << "follower " << link->name() << " is rank " << place + 1 << " of " << options_.task.processes() << ", with " << link->workers()
                   << " workers";
  link->ServeReplies();
  return absl::OkStatus();
}

absl::StatusOr<size_t> FollowerPool::TakePlace(const std::shared_ptr<FollowerLink>& link, const v1::FollowerHello& hello) {
  if (!hello.run().empty() && hello.run() != options_.task.run()) {
    return Refusal("RUN_MISMATCH", absl::StrCat("follower ", hello.name(), " is for run ", hello.run(), ", but this is the learner of run ", options_.task.run(),
                                                "; correct --leader or --run"));
  }
  if (const std::optional<Leaving> leaving = this->leaving(); leaving.has_value()) {
    link->BidFarewell(leaving->run_done, leaving->reason);
    return absl::UnavailableError(leaving->reason);
  }
  absl::MutexLock lock(&mutex_);
  link->set_name(hello.name());
  if (places_.empty()) {
    return Refusal("NO_FOLLOWERS", absl::StrCat("run ", options_.task.run(), " has one process; set optimizer.data_parallel to the number of processes, or "
                                                "end this follower"));
  }
  const auto by_name = [&](const Place& place) { return place.link != nullptr && place.link->name() == hello.name(); };
  auto place = std::find_if(places_.begin(), places_.end(), by_name);
  if (place != places_.end()) {
    place->link->Drop("another follower of that name has come");
    if (place->ready) CountLost(*place);
  }
  if (place == places_.end()) place = std::find_if(places_.begin(), places_.end(), [](const Place& free) { return free.link == nullptr; });
  if (place == places_.end()) {
    return absl::ResourceExhaustedError(absl::StrCat("all ", places_.size(), " followers of run ", options_.task.run(), " are there already; this one waits"));
  }
  *place = {link, false, hello.name()};
  CountReady();
  return static_cast<size_t>(place - places_.begin());
}

std::optional<FollowerPool::Leaving> FollowerPool::leaving() const {
  absl::MutexLock lock(&mutex_);
  return leaving_;
}

absl::Status FollowerPool::CheckReady(const FollowerLink& link, const v1::FollowerReady& ready) const {
  if (ready.run() != options_.task.run() || ready.incarnation() != options_.task.incarnation()) {
    return absl::InvalidArgumentError(absl::StrCat("follower ", link.name(), " is ready for run ", ready.run(), ", incarnation ", ready.incarnation(), "; this is ",
                                                   options_.task.run(), ", ", options_.task.incarnation()));
  }
  if (ready.layout_crc32c() != options_.layout_crc32c) {
    return Refusal("MODEL_MISMATCH", absl::StrCat("follower ", link.name(), " lays out the weights of ", options_.task.model().architecture(),
                                                  " differently; run the leader's version of cohort-learner"));
  }
  if (ready.workers() < 1 || ready.workers() > kMostWorkers) return absl::InvalidArgumentError(absl::StrCat("follower ", link.name(), " has ", ready.workers(), " workers"));
  return absl::OkStatus();
}

void FollowerPool::Leave(const std::shared_ptr<FollowerLink>& link) {
  link->Detach();
  absl::MutexLock lock(&mutex_);
  links_.erase(link);
  const auto place = std::find_if(places_.begin(), places_.end(), [&](const Place& of) { return of.link == link; });
  if (place == places_.end()) return;
  if (place->ready && !leaving_.has_value()) CountLost(*place);
  *place = {nullptr, false, absl::StrCat(link->name(), ": ", link->lost())};
  CountReady();
}

void FollowerPool::CountLost(const Place& place) {
  if (lost_ != nullptr) lost_->Add();
  COHORT_LOG(WARNING) << "follower " << place.link->name() << ", rank " << &place - places_.data() + 1 << ", is lost: " << place.link->lost();
}

bool FollowerPool::IsComplete() const {
  return std::all_of(places_.begin(), places_.end(), [](const Place& place) { return place.ready && !place.link->gone(); });
}

void FollowerPool::CountReady() {
  if (connected_ != nullptr) connected_->Set(static_cast<double>(std::count_if(places_.begin(), places_.end(), [](const Place& place) { return place.ready; })));
}

std::optional<std::vector<std::shared_ptr<FollowerLink>>> FollowerPool::Complete() const {
  absl::MutexLock lock(&mutex_);
  if (!IsComplete()) return std::nullopt;
  std::vector<std::shared_ptr<FollowerLink>> all;
  for (const Place& place : places_) all.push_back(place.link);
  return all;
}

bool FollowerPool::WaitUntilComplete(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  if (!IsComplete() && !complained_) {
    COHORT_LOG(WARNING) << "the next update waits: " << MissingText();
    complained_ = true;
  }
  const auto complete = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return IsComplete(); };
  if (!mutex_.AwaitWithDeadline(absl::Condition(&complete), deadline)) return false;
  if (std::exchange(complained_, false)) COHORT_LOG(INFO) << "all " << places_.size() << " followers are there";
  return true;
}

std::string FollowerPool::Missing() const {
  absl::MutexLock lock(&mutex_);
  return MissingText();
}

std::string FollowerPool::MissingText() const {
  std::vector<std::string> missing;
  for (size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].ready && !places_[i].link->gone()) continue;
    missing.push_back(absl::StrCat("rank ", i + 1, places_[i].last.empty() ? "" : absl::StrCat(" (", places_[i].last, ")")));
  }
  return absl::StrCat(places_.size() - missing.size(), " of ", places_.size(), " followers are there, missing: ", absl::StrJoin(missing, ", "),
                      "; start `cohort-learner follow --leader HOST:PORT` for each");
}

void FollowerPool::Dismiss(bool run_done, const std::string& reason, absl::Time deadline) {
  std::set<std::shared_ptr<FollowerLink>> links;
  {
    absl::MutexLock lock(&mutex_);
    leaving_ = Leaving{run_done, reason};
    links = links_;
  }
  for (const auto& link : links) link->BidFarewell(run_done, reason);
  absl::MutexLock lock(&mutex_);
  const auto gone = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return links_.empty(); };
  mutex_.AwaitWithDeadline(absl::Condition(&gone), deadline);
}

void FollowerPool::Watch() {
  const absl::Duration period = std::min(options_.silence / 4, absl::Seconds(1));
  while (!stop_.token().WaitFor(period)) {
    std::set<std::shared_ptr<FollowerLink>> links;
    {
      absl::MutexLock lock(&mutex_);
      links = links_;
    }
    for (const auto& link : links) {
      if (absl::Now() - link->heard() > options_.silence) link->Drop(absl::StrCat("nothing was heard of it for ", absl::FormatDuration(options_.silence)));
    }
  }
}

}  // namespace cohort::learner
