#include "common/queue/redis_prompt_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/queue/queue_replies.h"
#include "common/queue/redis_queue_scripts.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

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

redis::Connection::Options ConnectionOptions(const std::string& address, const QueueOptions& options) {
  const std::string name = absl::StrReplaceAll(absl::StrCat("cohort:", options.run_id, ":", options.consumer), {{" ", "_"}, {"\n", "_"}});
  return {.address = address, .client_name = name};
}

// The value of `field` in the "field:value" lines of INFO.
std::string InfoField(const std::string& info, absl::string_view field) {
  for (const absl::string_view line : absl::StrSplit(info, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (pair.first == field) return std::string(pair.second);
  }
  return "";
}

absl::Status LeaseLost(const Lease& lease) {
  return absl::NotFoundError(absl::StrCat("the lease of ", lease.task.group_id(), " (attempt ", lease.attempt, ") was lost"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PromptQueue>> RedisPromptQueue::Open(const std::string& address, QueueOptions options, absl::Time deadline) {
  std::unique_ptr<RedisPromptQueue> queue(new RedisPromptQueue(address, std::move(options)));
  COHORT_RETURN_IF_ERROR(queue->CheckServer(deadline));
  COHORT_RETURN_IF_ERROR(EnsureGroup(queue->commands_, queue->keys_, deadline));
  return queue;
}

RedisPromptQueue::RedisPromptQueue(const std::string& address, QueueOptions options)
    : options_(std::move(options)),
      keys_(options_.run_id),
      commands_(ConnectionOptions(address, options_), kCommandConnections),
      taker_(ConnectionOptions(address, options_), options_, keys_, commands_) {}

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

absl::StatusOr<std::vector<Lease>> RedisPromptQueue::Take(int max_tasks, absl::Time deadline) { return taker_.Take(max_tasks, deadline); }

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

absl::Status RedisPromptQueue::Renew(const Lease& lease, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const bool stood, RunOnLease(kRenew, {keys_.stream}, lease, {}, deadline));
  if (stood) return absl::OkStatus();
  taker_.Forget(lease);
  return LeaseLost(lease);
}

absl::Status RedisPromptQueue::Acknowledge(const Lease& lease, absl::Time deadline) {
  taker_.Forget(lease);
  return commands_.Run(kAcknowledge, {keys_.stream}, {keys_.group, lease.entry_id}, deadline, LostReply::kRepeat).status();
}

absl::Status RedisPromptQueue::Release(const Lease& lease, absl::Time deadline) {
  taker_.Forget(lease);
  return RunOnLease(kRelease, {keys_.stream}, lease, {}, deadline).status();
}

absl::Status RedisPromptQueue::ReleaseUnheard(absl::Time deadline) {
  return taker_.ReleaseUnheard([&](const Lease& lease) { return Release(lease, deadline); }, deadline);
}

absl::Status RedisPromptQueue::Bury(const Lease& lease, absl::string_view reason, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const bool stood, RunOnLease(kBury, {keys_.stream, keys_.dead}, lease, {std::string(reason)}, deadline));
  taker_.Forget(lease);
  return stood ? absl::OkStatus() : LeaseLost(lease);
}

absl::StatusOr<QueueStats> RedisPromptQueue::Stats(absl::Time deadline) {
  const auto ask = [&] {
    return commands_.Run(kStats, {keys_.incarnation, keys_.stream, keys_.dead}, {keys_.group}, deadline, LostReply::kRepeat);
  };
  absl::StatusOr<Reply> reply = ask();
  if (GroupIsGone(reply.status())) {
    COHORT_RETURN_IF_ERROR(EnsureGroup(commands_, keys_, deadline));
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
