#include "services/rollout/worker/group_finisher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/client.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/rollout/worker/group_message.h"

namespace cohort::rollout {
namespace {

// More than a worker ever leases; who leases keeps the true bound.
constexpr int64_t kMostWork = 1 << 16;
// So often an unreachable peer is mentioned in the log.
constexpr absl::Duration kPatience = absl::Seconds(2);
// What a released or acknowledged lease may take when this worker stops.
constexpr absl::Duration kFarewell = absl::Milliseconds(500);

}  // namespace

GroupFinisher::GroupFinisher(FinisherOptions options, const text::Tokenizer& tokenizer, queue::PromptQueue& queue, LeaseKeeper& leases,
                             WorkerMetrics& metrics)
    : options_(std::move(options)),
      tokenizer_(tokenizer),
      queue_(queue),
      leases_(leases),
      metrics_(metrics),
      learner_(learner::v1::TrajectoryService::NewStub(rpc::Connect(options_.learner_address, nullptr, &metrics.registry()))),
      reward_(reward::v1::RewardService::NewStub(rpc::Connect(options_.reward_address, nullptr, &metrics.registry()))),
      work_(kMostWork) {
  for (int i = 0; i < std::max(1, options_.threads); ++i) threads_.emplace_back(absl::StrCat("finisher-", i), [this] { Loop(); });
}

GroupFinisher::~GroupFinisher() {
  Abandon();
  work_.Close();
  threads_.clear();
}

void GroupFinisher::Enqueue(std::shared_ptr<HeldLease> held, std::function<void()> run) {
  ChangeInProgress(1);
  if (!work_.TryPush({held, std::move(run)})) {
    ChangeInProgress(-1);
    Forget(held, Outcome::kDropped);
  }
}

void GroupFinisher::Loop() {
  for (;;) {
    auto work = work_.Pop(absl::InfiniteFuture());
    if (!work.ok()) return;
    work->run();
    ChangeInProgress(-1);
  }
}

void GroupFinisher::Submit(std::shared_ptr<HeldLease> held, FinishedGroup group) {
  Enqueue(held, [this, held, group = std::move(group)] { FinishGroup(held, group); });
}

void GroupFinisher::Acknowledge(std::shared_ptr<HeldLease> held) {
  Enqueue(held, [this, held] { Settle(held, Outcome::kDuplicate, [&](absl::Time deadline) { return queue_.Acknowledge(held->lease, deadline); }); });
}

void GroupFinisher::Bury(std::shared_ptr<HeldLease> held, std::string reason) {
  COHORT_LOG(ERROR) << held->lease.task.group_id() << " is given up: " << reason << rpc::TraceTag(held->trace);
  Enqueue(held, [this, held, reason = std::move(reason)] {
    Settle(held, Outcome::kBuried, [&](absl::Time deadline) { return queue_.Bury(held->lease, reason, deadline); });
  });
}

void GroupFinisher::Release(std::shared_ptr<HeldLease> held) {
  Enqueue(held, [this, held] { Settle(held, Outcome::kReleased, [&](absl::Time deadline) { return queue_.Release(held->lease, deadline); }); });
}

void GroupFinisher::Forget(const std::shared_ptr<HeldLease>& held, Outcome outcome) {
  leases_.LetGo(held);
  metrics_.CountGroup(outcome);
}

void GroupFinisher::Settle(const std::shared_ptr<HeldLease>& held, Outcome outcome, const std::function<absl::Status(absl::Time deadline)>& call) {
  SettleWithQueue(*held, call);
  Forget(held, held->lost ? Outcome::kLost : outcome);
}

void GroupFinisher::SettleWithQueue(const HeldLease& held, const std::function<absl::Status(absl::Time deadline)>& call) {
  while (!held.lost) {
    // The last word is tried once even when everything else is abandoned.
    const bool last = abandoned_.stop_requested();
    const absl::Status status = call(absl::Now() + (last ? kFarewell : kPatience));
    if (status.ok() || absl::IsNotFound(status)) return;
    COHORT_LOG(WARNING) << held.lease.task.group_id() << ": the queue does not answer: " << status.message() << rpc::TraceTag(held.trace);
    if (last) return;
    abandoned_.token().WaitFor(absl::Milliseconds(50));
  }
}

void GroupFinisher::FinishGroup(const std::shared_ptr<HeldLease>& held, const FinishedGroup& finished) {
  const rpc::TraceScope scope(held->trace);
  auto message = MakeGroupMessage(held->lease, options_.worker_id, finished, tokenizer_);
  if (!message.ok()) return SettleFailure(held, message.status());
  const absl::Time generated = absl::Now();
  message->set_generate_seconds(absl::ToDoubleSeconds(generated - held->taken));
  absl::Status status = Score(*held, *message);
  message->set_reward_seconds(absl::ToDoubleSeconds(absl::Now() - generated));
  if (status.ok()) status = HandIn(*held, *std::move(message));
  const bool unknown_slot = ErrorReason(status) == "UNKNOWN_SLOT";
  if (!status.ok() && !absl::IsAlreadyExists(status) && !unknown_slot) return SettleFailure(held, status);
  if (status.ok()) ++submitted_;
  Settle(held, status.ok() ? Outcome::kSubmitted : Outcome::kDuplicate,
         [&](absl::Time deadline) { return queue_.Acknowledge(held->lease, deadline); });
}

void GroupFinisher::SettleFailure(const std::shared_ptr<HeldLease>& held, const absl::Status& status) {
  const std::string& id = held->lease.task.group_id();
  if (held->lost) return Forget(held, Outcome::kLost);
  if (absl::IsCancelled(status)) return Settle(held, Outcome::kReleased, [&](absl::Time deadline) { return queue_.Release(held->lease, deadline); });
  if (absl::IsFailedPrecondition(status)) {
    COHORT_LOG(WARNING) << id << " is not accepted: " << status.message() << rpc::TraceTag(held->trace);
    return Forget(held, Outcome::kStale);
  }
  COHORT_LOG(ERROR) << id << " is given up: " << status.message() << rpc::TraceTag(held->trace);
  Settle(held, Outcome::kBuried, [&](absl::Time deadline) { return queue_.Bury(held->lease, std::string(status.message()), deadline); });
}

absl::Status GroupFinisher::CallPatiently(const HeldLease& held, const std::string& peer,
                                          const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  for (;;) {
    const absl::Status status = rpc::CallWithRetry(peer, absl::Now() + kPatience, rpc::RetryOptions(), call, [&] { return Cancelled(held); });
    switch (status.code()) {
      case absl::StatusCode::kUnavailable:
      case absl::StatusCode::kDeadlineExceeded:
      case absl::StatusCode::kResourceExhausted:
        COHORT_LOG(WARNING) << held.lease.task.group_id() << ": keeps trying: " << status.message() << rpc::TraceTag(held.trace);
        break;
      default: return status;
    }
    if (Cancelled(held)) return absl::CancelledError("the worker stops or has lost the lease");
  }
}

absl::Status GroupFinisher::Score(const HeldLease& held, learner::v1::Group& group) {
  reward::v1::ScoreRequest request;
  for (int i = 0; i < group.completions_size(); ++i) {
    reward::v1::ScoreItem& item = *request.add_items();
    item.set_id(absl::StrCat(group.group_id(), "/", i));
    item.set_completion(group.completions(i).text());
    item.set_gold_answer(held.lease.task.gold_answer());
    item.set_source(held.lease.task.source());
    item.set_template_(options_.format);
    item.set_think_prefilled(options_.think_prefilled);
    item.set_finish_reason(group.completions(i).finish_reason());
    item.set_policy_id(options_.policy);
    *item.mutable_auxiliary() = options_.auxiliary;
  }
  reward::v1::ScoreResponse response;
  COHORT_RETURN_IF_ERROR(CallPatiently(held, absl::StrCat("reward service ", options_.reward_address),
                                       [&](grpc::ClientContext& context) { return reward_->Score(&context, request, &response); }));
  if (response.results_size() != request.items_size()) {
    return absl::InternalError(absl::StrCat("reward service ", options_.reward_address, " answered ", response.results_size(), " of ",
                                            request.items_size(), " items"));
  }
  int failed = 0;
  for (int i = 0; i < group.completions_size(); ++i) {
    failed += response.results(i).verdict() == reward::v1::VERDICT_INTERNAL;
    *group.mutable_completions(i)->mutable_score() = response.results(i);
  }
  if (failed > 0) {
    COHORT_LOG(WARNING) << group.group_id() << ": the reward service failed on " << failed << " of " << group.completions_size() << " completions, which are masked"
                        << rpc::TraceTag(held.trace);
  }
  return absl::OkStatus();
}

absl::Status GroupFinisher::HandIn(const HeldLease& held, learner::v1::Group&& group) {
  learner::v1::SubmitGroupRequest request;
  *request.mutable_group() = std::move(group);
  learner::v1::SubmitGroupResponse response;
  const absl::Time begin = absl::Now();
  const absl::Status status = CallPatiently(held, absl::StrCat("learner ", options_.learner_address),
                                            [&](grpc::ClientContext& context) { return learner_->SubmitGroup(&context, request, &response); });
  if (status.ok()) metrics_.ObservePush(absl::Now() - begin);
  return status;
}

void GroupFinisher::ChangeInProgress(int by) {
  absl::MutexLock lock(&mutex_);
  in_progress_ += by;
}

int GroupFinisher::in_progress() const {
  absl::MutexLock lock(&mutex_);
  return in_progress_;
}

bool GroupFinisher::WaitUntilDone(absl::Time deadline) const {
  const auto none = [this] {
    mutex_.AssertHeld();
    return in_progress_ == 0;
  };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithDeadline(absl::Condition(&none), deadline);
}

}  // namespace cohort::rollout
