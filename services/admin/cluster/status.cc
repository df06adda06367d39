#include "services/admin/cluster/status.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_format.h"

namespace cohort::admin {
namespace {

using registry::v1::ServiceRecord;
using registry::v1::ServiceRole;

// Below this share of waiting, the learner itself takes most of the time.
constexpr double kWaitsMostly = 0.5;

v1::TimeBudget MakeBudget(const std::map<std::string, double>& seconds) {
  v1::TimeBudget budget;
  double wall = 0;
  for (const auto& [activity, spent] : seconds) wall += spent;
  budget.set_wall_seconds(wall);
  for (const auto& [activity, spent] : seconds) {
    v1::TimeShare& share = *budget.add_shares();
    share.set_activity(activity);
    share.set_seconds(spent);
    share.set_share(wall > 0 ? spent / wall : 0);
  }
  std::stable_sort(budget.mutable_shares()->begin(), budget.mutable_shares()->end(),
                   [](const v1::TimeShare& a, const v1::TimeShare& b) { return a.seconds() > b.seconds(); });
  return budget;
}

double ShareOf(const v1::TimeBudget& budget, const std::string& activity) {
  for (const v1::TimeShare& share : budget.shares()) {
    if (share.activity() == activity) return share.share();
  }
  return 0;
}

void CountServices(const ClusterFacts& facts, v1::ClusterStatus& status) {
  std::map<ServiceRole, v1::ServiceCount> counts;
  std::map<std::string, double> rollout_time;
  double sampled = 0;
  for (const ServiceRole role : {registry::v1::SERVICE_ROLE_LEARNER, registry::v1::SERVICE_ROLE_ROLLOUT, registry::v1::SERVICE_ROLE_REWARD}) counts[role];
  for (const ServiceRecord& service : facts.services) {
    v1::ServiceCount& count = counts[service.role()];
    count.set_registered(count.registered() + 1);
    if (service.state() == registry::v1::SERVICE_STATE_READY) count.set_ready(count.ready() + 1);
    if (service.role() != registry::v1::SERVICE_ROLE_ROLLOUT) continue;
    sampled += service.load().tokens_per_second();
    for (const auto& [activity, seconds] : service.load().time_budget_seconds()) rollout_time[activity] += seconds;
  }
  for (auto& [role, count] : counts) {
    count.set_role(role);
    *status.add_services() = count;
  }
  status.set_sampled_tokens_per_second(sampled);
  if (!rollout_time.empty()) *status.mutable_rollout_time() = MakeBudget(rollout_time);
}

void AddRates(const std::vector<learner::v1::StepRecord>& steps, v1::ClusterStatus& status) {
  if (steps.empty()) return;
  const learner::v1::StepRecord& last = steps.back();
  // From the end of the first record to the end of the last; with one record, that record alone.
  double seconds = last.elapsed_seconds() - steps.front().elapsed_seconds();
  size_t begin = 1;
  if (steps.size() == 1 || seconds <= 0) {
    seconds = last.step_seconds();
    begin = steps.size() - 1;
  }
  double samples = 0, tokens = 0;
  for (size_t i = begin; i < steps.size(); ++i) {
    samples += static_cast<double>(steps[i].samples());
    tokens += static_cast<double>(steps[i].tokens());
  }
  if (seconds > 0) {
    status.set_steps_per_second(static_cast<double>(steps.size() - begin) / seconds);
    status.set_samples_per_second(samples / seconds);
    status.set_tokens_per_second(tokens / seconds);
  }
  status.set_reward_mean(last.reward_mean());
  status.set_accuracy(last.accuracy());
  status.set_length_mean(last.length_mean());
}

int ReadyWorkers(const v1::ClusterStatus& status) {
  for (const v1::ServiceCount& count : status.services()) {
    if (count.role() == registry::v1::SERVICE_ROLE_ROLLOUT) return count.ready();
  }
  return 0;
}

void Name(v1::Bottleneck bottleneck, const std::string& text, v1::ClusterStatus& status) {
  status.set_bottleneck(bottleneck);
  status.set_bottleneck_text(text);
}

void NameBottleneck(const ClusterFacts& facts, v1::ClusterStatus& status) {
  if (!facts.control.has_value()) return;
  if (facts.control->paused()) return Name(v1::BOTTLENECK_PAUSED, "the run is paused", status);
  const double waiting = ShareOf(status.learner_time(), "waiting_for_groups");
  if (ReadyWorkers(status) == 0 && facts.run.has_value() && facts.run->phase() == learner::v1::RUN_PHASE_TRAINING) {
    return Name(v1::BOTTLENECK_NO_WORKERS, "no rollout worker is ready", status);
  }
  if (const double followers = ShareOf(status.learner_time(), "waiting_for_followers"); followers >= kWaitsMostly) {
    return Name(v1::BOTTLENECK_LEARNER,
                absl::StrFormat("the learner: it waits for followers %.0f %% of the time; its log says who is missing", followers * 100), status);
  }
  if (facts.steps.empty()) return;
  if (waiting < kWaitsMostly) {
    return Name(v1::BOTTLENECK_LEARNER, absl::StrFormat("the learner: it waits for groups %.0f %% of the time and works the rest", waiting * 100), status);
  }
  double generating = 0, rewarding = 0;
  for (const learner::v1::StepRecord& step : facts.steps) {
    generating += step.generate_seconds();
    rewarding += step.reward_seconds();
  }
  if (rewarding > generating) {
    return Name(v1::BOTTLENECK_REWARD,
                absl::StrFormat("the reward service: the learner waits for groups %.0f %% of the time, and these wait %.0f %% of their time for verdicts",
                                waiting * 100, 100 * rewarding / (generating + rewarding)),
                status);
  }
  Name(v1::BOTTLENECK_ROLLOUT, absl::StrFormat("the rollout workers: the learner waits for groups %.0f %% of the time", waiting * 100), status);
}

}  // namespace

v1::ClusterStatus BuildStatus(const ClusterFacts& facts) {
  v1::ClusterStatus status;
  status.set_run_id(facts.run_id);
  status.set_desired_workers(facts.desired_workers);
  status.set_last_event(facts.last_event);
  if (facts.queue.has_value()) *status.mutable_queue() = *facts.queue;
  CountServices(facts, status);
  status.set_message(facts.learner_error);
  if (facts.run.has_value()) {
    status.set_phase(facts.run->phase());
    status.set_message(facts.run->message());
    status.set_steps_done(facts.run->steps_done());
    status.set_steps_total(facts.run->steps_total());
    status.set_policy_version(facts.run->policy_version());
    status.set_incarnation(facts.run->incarnation());
    status.set_train_seconds(facts.run->train_seconds());
    status.set_checkpoint(facts.run->checkpoint());
  }
  if (facts.control.has_value()) {
    status.set_paused(facts.control->pause_requested());
    if (status.paused() && status.message().empty()) status.set_message(facts.control->pause_reason());
    status.set_max_staleness(facts.control->max_staleness());
    status.set_learning_rate(facts.control->learning_rate());
    std::map<std::string, double> seconds;
    for (const auto& one : facts.control->recent_time_budget()) seconds[one.activity()] = one.seconds();
    *status.mutable_learner_time() = MakeBudget(seconds);
  }
  AddRates(facts.steps, status);
  NameBottleneck(facts, status);
  return status;
}

v1::Worker DescribeWorker(const ServiceRecord& service) {
  v1::Worker worker;
  worker.set_name(service.name());
  *worker.mutable_service() = service;
  const int64_t held = service.load().policy_version();
  worker.set_staleness(held < 0 ? -1 : std::max<int64_t>(0, service.load().announced_version() - held));
  return worker;
}

}  // namespace cohort::admin
