#include "common/queue/redis_lease_taker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/queue/queue_replies.h"
#include "common/queue/redis_queue_scripts.h"
#include "common/status/status_macros.h"
#include "common/sync/backoff.h"
#include "common/sync/stop.h"

namespace cohort::queue {
namespace {

using redis::AsArray;
using redis::LostReply;
using redis::Reply;

constexpr int kReleasedAtOnce = 64;
// How long one blocking read lasts: the next look for dead holders and tasks that were given back comes after it.
constexpr absl::Duration kWaitSlice = absl::Milliseconds(200);
// A server may end a blocking read up to one of its timer ticks (100 ms at 10 Hz) late. An answer that came after our deadline would be a lease that
// nobody knows of, so the last stretch before it is polled.
constexpr absl::Duration kServerTick = absl::Milliseconds(130);
constexpr absl::Duration kPollInterval = absl::Milliseconds(10);
// Beyond the time that the server was told to block for.
constexpr absl::Duration kBlockGrace = absl::Seconds(2);
// How long after the deadline of a Take the answer to its last question may come: one that nobody waited for may be a lease that nobody knows of.
constexpr absl::Duration kAnswerGrace = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::vector<Lease>> RedisLeaseTaker::Take(int max_tasks, absl::Time deadline) {
  if (!BeginTake(deadline)) return std::vector<Lease>();
  absl::StatusOr<std::vector<Lease>> leases = TakeInTurn(max_tasks, deadline);
  EndTake();
  return leases;
}

bool RedisLeaseTaker::BeginTake(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while (taking_) {
    if (turn_.WaitWithDeadline(&mutex_, deadline) && taking_) return false;
  }
  taking_ = true;
  return true;
}

void RedisLeaseTaker::EndTake() {
  absl::MutexLock lock(&mutex_);
  taking_ = false;
  turn_.Signal();
}

absl::StatusOr<std::vector<Lease>> RedisLeaseTaker::TakeInTurn(int max_tasks, absl::Time deadline) {
  sync::Backoff backoff;
  for (;;) {
    absl::StatusOr<std::vector<Lease>> leases = TakeRound(max_tasks, deadline);
    if (leases.ok()) {
      absl::MutexLock lock(&mutex_);
      for (const Lease& lease : *leases) held_.insert(lease.entry_id);
      if (!leases->empty() || absl::Now() >= deadline) return leases;
      continue;
    }
    if (GroupIsGone(leases.status())) continue;  // Made again by the next round.
    if (!absl::IsUnavailable(leases.status()) && !absl::IsDeadlineExceeded(leases.status())) return leases;
    if (unknown_ == Unknown::kNothing) unknown_ = Unknown::kLostAnswer;
    if (!backoff.Wait(sync::StopToken(), deadline)) return leases;
  }
}

absl::StatusOr<std::vector<Lease>> RedisLeaseTaker::TakeRound(int max_tasks, absl::Time deadline) {
  if (unknown_ != Unknown::kNothing) {
    COHORT_ASSIGN_OR_RETURN(std::vector<Lease> recovered, Recover(max_tasks, deadline));
    if (!recovered.empty()) return recovered;
    unknown_ = Unknown::kNothing;
  }
  COHORT_ASSIGN_OR_RETURN(std::vector<Lease> leases, TakeNow(max_tasks, deadline));
  const absl::Duration left = deadline - absl::Now();
  if (!leases.empty() || left <= absl::ZeroDuration()) return leases;
  if (left > kServerTick + kPollInterval) return WaitForNew(max_tasks, deadline);
  sync::StopToken().WaitFor(std::min(left, kPollInterval));
  return leases;
}

absl::StatusOr<std::vector<Lease>> RedisLeaseTaker::Recover(int max_tasks, absl::Time deadline) {
  std::vector<std::string> arguments = {keys_.group, options_.consumer, absl::StrCat(options_.max_attempts), absl::StrCat(max_tasks),
                                        unknown_ == Unknown::kOfFormerProcess ? "counted" : "same attempt"};
  {
    absl::MutexLock lock(&mutex_);
    arguments.insert(arguments.end(), held_.begin(), held_.end());
  }
  return RunForLeases(kRecover, arguments, deadline);
}

absl::StatusOr<std::vector<Lease>> RedisLeaseTaker::TakeNow(int max_tasks, absl::Time deadline) {
  return RunForLeases(kTake,
                      {keys_.group, options_.consumer, absl::StrCat(options_.max_attempts), absl::StrCat(max_tasks),
                       absl::StrCat(absl::ToInt64Milliseconds(options_.lease))},
                      deadline);
}

absl::StatusOr<std::vector<Lease>> RedisLeaseTaker::RunForLeases(const redis::Script& script, const std::vector<std::string>& arguments,
                                                                  absl::Time deadline) {
  const auto run = [&] { return waiter_.Run(script, {keys_.stream, keys_.dead}, arguments, deadline + kAnswerGrace, LostReply::kReport); };
  absl::StatusOr<Reply> reply = run();
  if (GroupIsGone(reply.status())) {  // The server came back without its data.
    COHORT_RETURN_IF_ERROR(EnsureGroup(commands_, keys_, deadline));
    reply = run();
  }
  COHORT_RETURN_IF_ERROR(reply.status());
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(*std::move(reply)));
  std::vector<Lease> leases;
  for (const Reply& entry : entries) {
    COHORT_ASSIGN_OR_RETURN(Lease lease, ParseLease(entry));
    leases.push_back(std::move(lease));
  }
  return leases;
}

absl::StatusOr<std::vector<Lease>> RedisLeaseTaker::WaitForNew(int max_tasks, absl::Time deadline) {
  const absl::Duration block = std::min(kWaitSlice, deadline - absl::Now() - kServerTick);
  const std::vector<std::string> command = {"XREADGROUP", "GROUP", keys_.group, options_.consumer, "COUNT", absl::StrCat(max_tasks), "BLOCK",
                                            absl::StrCat(std::max<int64_t>(1, absl::ToInt64Milliseconds(block))), "STREAMS", keys_.stream, ">"};
  const absl::Time until = std::min(deadline + kAnswerGrace, absl::Now() + block + kBlockGrace);
  COHORT_ASSIGN_OR_RETURN(const Reply reply, waiter_.Command(command, until, LostReply::kReport));
  return ParseNewEntries(reply);
}

void RedisLeaseTaker::Forget(const Lease& lease) {
  absl::MutexLock lock(&mutex_);
  held_.erase(lease.entry_id);
}

absl::Status RedisLeaseTaker::ReleaseUnheard(const ReleaseLease& release, absl::Time deadline) {
  if (!BeginTake(deadline)) return absl::DeadlineExceededError("another call takes tasks");
  const absl::Status status = ReleaseUnheardInTurn(release, deadline);
  EndTake();
  return status;
}

absl::Status RedisLeaseTaker::ReleaseUnheardInTurn(const ReleaseLease& release, absl::Time deadline) {
  while (unknown_ == Unknown::kLostAnswer) {
    COHORT_ASSIGN_OR_RETURN(const std::vector<Lease> leases, Recover(kReleasedAtOnce, deadline));
    if (leases.empty()) unknown_ = Unknown::kNothing;
    for (const Lease& lease : leases) COHORT_RETURN_IF_ERROR(release(lease));
  }
  return absl::OkStatus();
}

}  // namespace cohort::queue
