#include "common/queue/redis_prompt_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/queue/queue_replies.h"
#include "common/queue/redis_queue_scripts.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/sync/backoff.h"
#include "common/sync/stop.h"

namespace cohort::queue {
namespace {

using prompt::v1::DeadLetter;
using prompt::v1::PromptTask;
using redis::AsArray;
using redis::AsInteger;
using redis::AsString;
using redis::LostReply;
using redis::Reply;

constexpr int kCommandConnections = 4;
constexpr int kPage = 1000;
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

redis::Connection::Options ConnectionOptions(const std::string& address, const QueueOptions& options) {
  const std::string name = absl::StrReplaceAll(absl::StrCat("cohort:", options.run_id, ":", options.consumer), {{" ", "_"}, {"\n", "_"}});
  return {.address = address, .client_name = name};
}

// Whether the stream or its group is not there (any more).
bool GroupIsGone(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == "NOGROUP" || reason == "UNBLOCKED";
}

// The value of `field` in the "field:value" lines of INFO.
std::string InfoField(const std::string& info, absl::string_view field) {
  for (const absl::string_view line : absl::StrSplit(info, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (pair.first == field) return std::string(pair.second);
  }
  return "";
}

// [id, attempt, task] as kTake returns it.
absl::StatusOr<Lease> ParseLease(const Reply& reply) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(reply, 3));
  Lease lease;
  COHORT_ASSIGN_OR_RETURN(lease.entry_id, AsString(parts[0]));
  COHORT_ASSIGN_OR_RETURN(lease.attempt, AsInteger(parts[1]));
  COHORT_ASSIGN_OR_RETURN(lease.task, ParseTask(parts[2]));
  return lease;
}

// [[stream, [[id, [field, value, …]], …]]] as XREADGROUP returns it.
absl::StatusOr<std::vector<Lease>> ParseNewEntries(const Reply& reply) {
  std::vector<Lease> leases;
  if (reply.is_nil()) return leases;
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> streams, AsArray(reply, 1));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> stream, AsArray(streams[0], 2));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(stream[1]));
  for (const Reply& entry : entries) {
    COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(entry, 2));
    COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> fields, AsArray(parts[1], 4));
    Lease lease;
    COHORT_ASSIGN_OR_RETURN(lease.entry_id, AsString(parts[0]));
    COHORT_ASSIGN_OR_RETURN(lease.task, ParseTask(fields[3]));
    leases.push_back(std::move(lease));
  }
  return leases;
}

absl::Status LeaseLost(const Lease& lease) {
  return absl::NotFoundError(absl::StrCat("the lease of ", lease.task.group_id(), " (attempt ", lease.attempt, ") was lost"));
}

}  // namespace

RedisQueueKeys::RedisQueueKeys(const std::string& run_id)
    : stream(absl::StrCat("cohort:{", run_id, "}:prompts")),
      dead(absl::StrCat("cohort:{", run_id, "}:dead")),
      incarnation(absl::StrCat("cohort:{", run_id, "}:incarnation")) {}

absl::StatusOr<std::unique_ptr<PromptQueue>> RedisPromptQueue::Open(const std::string& address, QueueOptions options, absl::Time deadline) {
  std::unique_ptr<RedisPromptQueue> queue(new RedisPromptQueue(address, std::move(options)));
  COHORT_RETURN_IF_ERROR(queue->CheckServer(deadline));
  COHORT_RETURN_IF_ERROR(queue->EnsureGroup(deadline));
  return queue;
}

RedisPromptQueue::RedisPromptQueue(const std::string& address, QueueOptions options)
    : options_(std::move(options)),
      keys_(options_.run_id),
      commands_(ConnectionOptions(address, options_), kCommandConnections),
      waiter_(ConnectionOptions(address, options_)) {}

absl::Status RedisPromptQueue::CheckServer(absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const Reply reply, commands_.Command({"INFO"}, deadline, LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const std::string info, AsString(reply));
  const std::string version = InfoField(info, "redis_version");
  int major = 0;
  if (!absl::SimpleAtoi(version.substr(0, version.find('.')), &major) || major < 7) {
    return absl::FailedPreconditionError(absl::StrCat("redis at ", commands_.address(), " is version '", version, "'; the prompt queue needs 7.0"));
  }
  const std::string policy = InfoField(info, "maxmemory_policy");
  if (policy != "noeviction") {
    return absl::FailedPreconditionError(absl::StrCat("redis at ", commands_.address(), " has maxmemory-policy ", policy,
                                                      " and may throw prompts away; set it to noeviction"));
  }
  return absl::OkStatus();
}

absl::Status RedisPromptQueue::EnsureGroup(absl::Time deadline) {
  const auto reply = commands_.Command({"XGROUP", "CREATE", keys_.stream, keys_.group, "0", "MKSTREAM"}, deadline, LostReply::kRepeat);
  return ErrorReason(reply.status()) == "BUSYGROUP" ? absl::OkStatus() : reply.status();
}

absl::StatusOr<int64_t> RedisPromptQueue::BeginIncarnation(absl::Time deadline) {
  int64_t floor = 0;
  {
    absl::MutexLock lock(&mutex_);
    floor = std::max(options_.incarnation_floor, incarnation_ + 1);
  }
  COHORT_ASSIGN_OR_RETURN(const Reply reply, commands_.Run(kBeginIncarnation, {keys_.incarnation, keys_.stream}, {keys_.group, absl::StrCat(floor)},
                                                           deadline, LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const int64_t drawn, AsInteger(reply));
  absl::MutexLock lock(&mutex_);
  incarnation_ = drawn;
  return drawn;
}

absl::Status RedisPromptQueue::Issue(const std::vector<PromptTask>& tasks, absl::Time deadline) {
  int64_t incarnation = 0;
  {
    absl::MutexLock lock(&mutex_);
    incarnation = incarnation_;
  }
  if (incarnation == 0) return absl::FailedPreconditionError("tasks are issued before BeginIncarnation");
  std::vector<std::string> arguments = {keys_.group, absl::StrCat(incarnation), absl::StrCat(options_.max_backlog)};
  for (const PromptTask& task : tasks) {
    arguments.push_back(task.group_id());
    arguments.push_back(task.SerializeAsString());
  }
  const absl::Status status = commands_.Run(kIssue, {keys_.incarnation, keys_.stream}, arguments, deadline, LostReply::kReport).status();
  if (ErrorReason(status) == "BACKLOG_FULL") {
    return ErrorWithReason(absl::StatusCode::kResourceExhausted, "BACKLOG_FULL", absl::string_view(status.message()));
  }
  if (ErrorReason(status) == "NOGROUP") return ErrorWithReason(status.code(), "QUEUE_LOST", absl::string_view(status.message()));
  return status;
}

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::Take(int max_tasks, absl::Time deadline) {
  if (!BeginTake(deadline)) return std::vector<Lease>();
  absl::StatusOr<std::vector<Lease>> leases = TakeInTurn(max_tasks, deadline);
  EndTake();
  return leases;
}

bool RedisPromptQueue::BeginTake(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while (taking_) {
    if (turn_.WaitWithDeadline(&mutex_, deadline) && taking_) return false;
  }
  taking_ = true;
  return true;
}

void RedisPromptQueue::EndTake() {
  absl::MutexLock lock(&mutex_);
  taking_ = false;
  turn_.Signal();
}

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::TakeInTurn(int max_tasks, absl::Time deadline) {
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

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::TakeRound(int max_tasks, absl::Time deadline) {
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

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::Recover(int max_tasks, absl::Time deadline) {
  std::vector<std::string> arguments = {keys_.group, options_.consumer, absl::StrCat(options_.max_attempts), absl::StrCat(max_tasks),
                                        unknown_ == Unknown::kOfFormerProcess ? "counted" : "same attempt"};
  {
    absl::MutexLock lock(&mutex_);
    arguments.insert(arguments.end(), held_.begin(), held_.end());
  }
  return RunForLeases(kRecover, arguments, deadline);
}

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::TakeNow(int max_tasks, absl::Time deadline) {
  return RunForLeases(kTake,
                      {keys_.group, options_.consumer, absl::StrCat(options_.max_attempts), absl::StrCat(max_tasks),
                       absl::StrCat(absl::ToInt64Milliseconds(options_.lease))},
                      deadline);
}

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::RunForLeases(const redis::Script& script, const std::vector<std::string>& arguments,
                                                                  absl::Time deadline) {
  const auto run = [&] { return waiter_.Run(script, {keys_.stream, keys_.dead}, arguments, deadline + kAnswerGrace, LostReply::kReport); };
  absl::StatusOr<Reply> reply = run();
  if (GroupIsGone(reply.status())) {  // The server came back without its data.
    COHORT_RETURN_IF_ERROR(EnsureGroup(deadline));
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

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::WaitForNew(int max_tasks, absl::Time deadline) {
  const absl::Duration block = std::min(kWaitSlice, deadline - absl::Now() - kServerTick);
  const std::vector<std::string> command = {"XREADGROUP", "GROUP", keys_.group, options_.consumer, "COUNT", absl::StrCat(max_tasks), "BLOCK",
                                            absl::StrCat(std::max<int64_t>(1, absl::ToInt64Milliseconds(block))), "STREAMS", keys_.stream, ">"};
  const absl::Time until = std::min(deadline + kAnswerGrace, absl::Now() + block + kBlockGrace);
  COHORT_ASSIGN_OR_RETURN(const Reply reply, waiter_.Command(command, until, LostReply::kReport));
  return ParseNewEntries(reply);
}

absl::StatusOr<bool> RedisPromptQueue::RunOnLease(const redis::Script& script, std::vector<std::string> keys, const Lease& lease,
                                                  std::vector<std::string> more, absl::Time deadline) {
  std::vector<std::string> arguments = {keys_.group, options_.consumer, lease.entry_id, absl::StrCat(lease.attempt)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const absl::StatusOr<Reply> reply = commands_.Run(script, keys, arguments, deadline, LostReply::kRepeat);
  if (GroupIsGone(reply.status())) return false;
  COHORT_RETURN_IF_ERROR(reply.status());
  COHORT_ASSIGN_OR_RETURN(const int64_t stood, AsInteger(*reply));
  return stood == 1;
}

void RedisPromptQueue::Forget(const Lease& lease) {
  absl::MutexLock lock(&mutex_);
  held_.erase(lease.entry_id);
}

absl::Status RedisPromptQueue::Renew(const Lease& lease, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const bool stood, RunOnLease(kRenew, {keys_.stream}, lease, {}, deadline));
  if (stood) return absl::OkStatus();
  Forget(lease);
  return LeaseLost(lease);
}

absl::Status RedisPromptQueue::Acknowledge(const Lease& lease, absl::Time deadline) {
  Forget(lease);
  return commands_.Run(kAcknowledge, {keys_.stream}, {keys_.group, lease.entry_id}, deadline, LostReply::kRepeat).status();
}

absl::Status RedisPromptQueue::Release(const Lease& lease, absl::Time deadline) {
  Forget(lease);
  return RunOnLease(kRelease, {keys_.stream}, lease, {}, deadline).status();
}

absl::Status RedisPromptQueue::ReleaseUnheard(absl::Time deadline) {
  if (!BeginTake(deadline)) return absl::DeadlineExceededError("another call takes tasks");
  const absl::Status status = ReleaseUnheardInTurn(deadline);
  EndTake();
  return status;
}

absl::Status RedisPromptQueue::ReleaseUnheardInTurn(absl::Time deadline) {
  while (unknown_ == Unknown::kLostAnswer) {
    COHORT_ASSIGN_OR_RETURN(const std::vector<Lease> leases, Recover(kReleasedAtOnce, deadline));
    if (leases.empty()) unknown_ = Unknown::kNothing;
    for (const Lease& lease : leases) COHORT_RETURN_IF_ERROR(Release(lease, deadline));
  }
  return absl::OkStatus();
}

absl::Status RedisPromptQueue::Bury(const Lease& lease, absl::string_view reason, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const bool stood, RunOnLease(kBury, {keys_.stream, keys_.dead}, lease, {std::string(reason)}, deadline));
  Forget(lease);
  return stood ? absl::OkStatus() : LeaseLost(lease);
}

absl::StatusOr<QueueStats> RedisPromptQueue::Stats(absl::Time deadline) {
  const auto ask = [&] {
    return commands_.Run(kStats, {keys_.incarnation, keys_.stream, keys_.dead}, {keys_.group}, deadline, LostReply::kRepeat);
  };
  absl::StatusOr<Reply> reply = ask();
  if (GroupIsGone(reply.status())) {
    COHORT_RETURN_IF_ERROR(EnsureGroup(deadline));
    reply = ask();
  }
  COHORT_RETURN_IF_ERROR(reply.status());
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> fields, AsArray(*std::move(reply), 6));
  return ParseStats(fields);
}

absl::StatusOr<std::vector<DeadLetter>> RedisPromptQueue::DeadLetters(int limit, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(Reply reply, commands_.Command({"XRANGE", keys_.dead, "-", "+", "COUNT", absl::StrCat(limit)}, deadline,
                                                         LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(std::move(reply)));
  std::vector<DeadLetter> letters;
  for (const Reply& entry : entries) {
    COHORT_ASSIGN_OR_RETURN(DeadEntry dead, ParseDeadEntry(entry));
    letters.push_back(std::move(dead.letter));
  }
  return letters;
}

absl::StatusOr<std::vector<std::string>> RedisPromptQueue::PendingGroups(absl::Time deadline) {
  std::vector<std::string> groups;
  for (std::string first = "-";;) {
    COHORT_ASSIGN_OR_RETURN(Reply reply, commands_.Run(kPendingGroups, {keys_.stream}, {first, absl::StrCat(kPage)}, deadline, LostReply::kRepeat));
    COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> page, AsArray(std::move(reply)));
    if (page.empty()) return groups;
    COHORT_ASSIGN_OR_RETURN(const std::string last, AsString(page[0]));
    for (size_t i = 1; i < page.size(); ++i) {
      COHORT_ASSIGN_OR_RETURN(std::string group, AsString(page[i]));
      groups.push_back(std::move(group));
    }
    first = absl::StrCat("(", last);
  }
}

}  // namespace cohort::queue
