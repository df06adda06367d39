#include "services/learner/loop/task_issuer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/rpc/trace_context.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/sync/backoff.h"
#include "services/learner/schedule/group_id.h"

namespace cohort::learner {
namespace {

constexpr size_t kTasksPerCall = 256;
// How often a queue that does not take tasks is complained about.
constexpr absl::Duration kComplaintPeriod = absl::Seconds(10);

bool Permanent(const absl::Status& status) {
  return !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status) && !absl::IsResourceExhausted(status);
}

}  // namespace

TaskIssuer::TaskIssuer(Options options, queue::PromptQueue* queue, TaskBuilder* tasks, Intake* intake, StepMetrics* metrics, sync::StopToken stop)
    : options_(std::move(options)), queue_(queue), tasks_(tasks), intake_(intake), metrics_(metrics), stop_(std::move(stop)) {}

absl::Status TaskIssuer::OpenSlots(int64_t step, int64_t count) {
  std::vector<prompt::v1::PromptTask> tasks;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t slot = intake_->Count(step);
    COHORT_ASSIGN_OR_RETURN(const bool needed, intake_->Open(step, tasks_->Row(step, slot)));
    if (needed) tasks.push_back(tasks_->Build(step, slot));
  }
  metrics_->CountIssued(static_cast<int64_t>(tasks.size()));
  return Issue(tasks);
}

absl::Status TaskIssuer::Issue(const std::vector<prompt::v1::PromptTask>& tasks) {
  size_t most = kTasksPerCall;
  sync::Backoff backoff;
  absl::Time complain = absl::Now();
  for (size_t begin = 0; begin < tasks.size();) {
    if (stop_.stop_requested()) return absl::CancelledError("the learner is stopping");
    const size_t end = std::min(tasks.size(), begin + most);
    const absl::Status issued = queue_->Issue({tasks.begin() + begin, tasks.begin() + end}, absl::Now() + options_.call_timeout);
    if (issued.ok()) {
      begin = end;
      backoff.Reset();
      continue;
    }
    const int64_t step = tasks[begin].step();
    if (Permanent(issued)) return Annotate(issued, absl::StrCat("tasks of step ", step, " cannot be issued"));
    // A call is taken whole or not at all; fewer tasks may fit.
    if (absl::IsResourceExhausted(issued) && end - begin > 1) {
      most = (end - begin) / 2;
      continue;
    }
    if (absl::Now() >= complain) {
      COHORT_LOG(WARNING) << "step=" << step << " the queue does not take tasks, trying on: " << issued.message();
      complain = absl::Now() + kComplaintPeriod;
    }
    backoff.Wait(stop_, absl::InfiniteFuture());
  }
  return absl::OkStatus();
}

absl::Status TaskIssuer::Reconcile() {
  // In this order no task is missed or issued twice: one that leaves the queue after the first look is a dead letter in the second, or has filled its
  // slot by the third.
  COHORT_ASSIGN_OR_RETURN(const std::vector<std::string> pending, queue_->PendingGroups(absl::Now() + options_.call_timeout));
  COHORT_RETURN_IF_ERROR(GiveUpDeadLetters());
  const std::set<std::string> present(pending.begin(), pending.end());
  std::vector<prompt::v1::PromptTask> lost;
  for (const SlotTable::Place& place : intake_->Unresolved()) {
    if (present.count(GroupId(options_.run, place.step, place.slot)) == 0) lost.push_back(tasks_->Build(place.step, place.slot));
  }
  if (lost.empty()) return absl::OkStatus();
  COHORT_LOG(WARNING) << lost.size() << " open slots are not in the queue any more (first: " << lost.front().group_id() << "); issuing them again"
                      << rpc::TraceTag(rpc::TraceIdOf(lost.front().traceparent()));
  metrics_->CountReissued(static_cast<int64_t>(lost.size()));
  return Issue(lost);
}

absl::Status TaskIssuer::GiveUpDeadLetters() {
  COHORT_ASSIGN_OR_RETURN(const queue::QueueStats stats, queue_->Stats(absl::Now() + options_.call_timeout));
  if (stats.dead_letters == 0) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const auto letters,
                          queue_->DeadLetters(static_cast<int>(stats.dead_letters) + 64, absl::Now() + options_.call_timeout));
  for (const prompt::v1::DeadLetter& letter : letters) {
    const prompt::v1::PromptTask& task = letter.task();
    if (task.incarnation() != options_.incarnation || task.run_id() != options_.run) continue;
    const std::string trace_id = rpc::TraceIdOf(task.traceparent());
    if (!intake_->GiveUp(task.step(), task.slot(), letter.last_worker(), trace_id)) continue;
    metrics_->CountDead(1);
    COHORT_LOG(ERROR) << "step=" << task.step() << " group " << task.group_id() << " was given up after " << letter.attempts()
                      << " attempts, last by " << letter.last_worker() << ": " << letter.reason() << rpc::TraceTag(trace_id);
  }
  return absl::OkStatus();
}

std::string TaskIssuer::DescribeQueue() {
  const absl::StatusOr<queue::QueueStats> stats = queue_->Stats(absl::Now() + options_.call_timeout);
  if (!stats.ok()) return absl::StrCat("the queue does not answer: ", stats.status().message());
  if (stats->leased > 0) return absl::StrCat("workers hold ", stats->leased, " tasks, ", stats->backlog, " wait");
  if (stats->backlog > 0) return absl::StrCat(stats->backlog, " tasks wait and no worker takes any");
  return "the queue is empty";
}

}  // namespace cohort::learner
