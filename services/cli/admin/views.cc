#include "services/cli/admin/views.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/cli/command/text_table.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;

std::string Lower(absl::string_view name, absl::string_view prefix) {
  std::string text(absl::StripPrefix(name, prefix));
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string StateOf(registry::v1::ServiceState state) { return Lower(registry::v1::ServiceState_Name(state), "SERVICE_STATE_"); }
std::string RoleOf(registry::v1::ServiceRole role) { return Lower(registry::v1::ServiceRole_Name(role), "SERVICE_ROLE_"); }
std::string KindOf(registry::v1::EventKind kind) { return Lower(registry::v1::EventKind_Name(kind), "EVENT_KIND_"); }
std::string KindOf(api::OperationKind kind) { return Lower(api::OperationKind_Name(kind), "OPERATION_KIND_"); }
std::string StateOf(api::OperationState state) { return Lower(api::OperationState_Name(state), "OPERATION_STATE_"); }

// "3 m", "2.1 h": a duration at a glance.
std::string Span(double seconds) {
  if (seconds < 120) return absl::StrFormat("%.0f s", seconds);
  if (seconds < 7200) return absl::StrFormat("%.0f m", seconds / 60);
  return absl::StrFormat("%.1f h", seconds / 3600);
}

std::string SinceMs(int64_t ms) { return ms <= 0 ? "-" : Span(std::max(0.0, absl::ToDoubleSeconds(absl::Now() - absl::FromUnixMillis(ms)))); }
std::string ClockOf(int64_t ms) { return absl::FormatTime("%H:%M:%E3S", absl::FromUnixMillis(ms), absl::LocalTimeZone()); }

std::string OneLine(const std::string& text, int width) { return FitWidth(absl::StrReplaceAll(text, {{"\n", "⏎"}, {"\t", " "}}), width); }

std::string BudgetText(const api::TimeBudget& budget) {
  std::string text;
  for (const api::TimeShare& share : budget.shares()) {
    if (share.share() < 0.005) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", share.activity(), absl::StrFormat(" %.0f %%", share.share() * 100));
  }
  return absl::StrCat(text.empty() ? "-" : text, "  (of ", Span(budget.wall_seconds()), ")");
}

std::string QueueText(const api::QueueState& queue) {
  std::string text = absl::StrFormat("%d wait, %d leased, oldest %s, %d dead letters", queue.backlog(), queue.leased(), Span(queue.oldest_age_seconds()),
                                     queue.dead_letters());
  if (queue.rate_window_seconds() > 0) absl::StrAppendFormat(&text, "; %.1f issued/s, %.1f settled/s", queue.issued_per_second(), queue.settled_per_second());
  return text;
}

std::string ServicesText(const api::ClusterStatus& status) {
  std::string text;
  for (const api::ServiceCount& count : status.services()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", RoleOf(count.role()), " ", count.ready(), "/", count.registered());
  }
  if (status.desired_workers() >= 0) absl::StrAppend(&text, "; ", status.desired_workers(), " rollout workers are wanted");
  return text;
}

std::string Line(const std::string& label, const std::string& value) { return absl::StrFormat("%-12s %s\n", label, value); }

std::string PhaseText(const api::ClusterStatus& status) {
  std::string text = status.phase() == learner::v1::RUN_PHASE_UNSPECIFIED ? "unknown" : Lower(learner::v1::RunPhase_Name(status.phase()), "RUN_PHASE_");
  if (status.paused()) text += ", paused";
  return status.message().empty() ? text : absl::StrCat(text, ": ", status.message());
}

std::string StatusText(const api::ClusterStatus& status, bool wide) {
  std::string text = Line("run", absl::StrCat(status.run_id(), "  ", PhaseText(status)));
  absl::StrAppend(&text, Line("step", absl::StrFormat("%d of %d, policy version %d, incarnation %d", status.steps_done(), status.steps_total(),
                                                      status.policy_version(), status.incarnation())));
  absl::StrAppend(&text, Line("rates", absl::StrFormat("%.2f steps/s, %.0f samples/s, %.0f tokens/s trained, %.0f tokens/s sampled", status.steps_per_second(),
                                                       status.samples_per_second(), status.tokens_per_second(), status.sampled_tokens_per_second())));
  absl::StrAppend(&text, Line("latest", absl::StrFormat("reward %.3f, accuracy %.1f %%, %.1f tokens a completion", status.reward_mean(),
                                                        status.accuracy() * 100, status.length_mean())));
  absl::StrAppend(&text, Line("services", ServicesText(status)));
  absl::StrAppend(&text, Line("queue", status.has_queue() ? QueueText(status.queue()) : "none"));
  absl::StrAppend(&text, Line("bottleneck", status.bottleneck_text().empty() ? "not known yet" : status.bottleneck_text()));
  absl::StrAppend(&text, Line("learner", BudgetText(status.learner_time())));
  if (status.has_rollout_time()) absl::StrAppend(&text, Line("rollout", BudgetText(status.rollout_time())));
  absl::StrAppend(&text, Line("checkpoint", status.checkpoint().empty() ? "none" : status.checkpoint()));
  if (!wide) return text;
  absl::StrAppend(&text, Line("settings", absl::StrFormat("learning rate %g, staleness bound %d", status.learning_rate(), status.max_staleness())));
  absl::StrAppend(&text, Line("trained for", Span(status.train_seconds())), Line("events", absl::StrCat(status.last_event())));
  return text;
}

std::vector<std::string> WorkerRow(const api::Worker& worker, bool wide) {
  const auto& service = worker.service();
  const auto& load = service.load();
  std::vector<std::string> row = {worker.name(),
                                  StateOf(service.state()),
                                  load.policy_version() < 0 ? "-" : absl::StrCat(load.policy_version()),
                                  worker.staleness() < 0 ? "-" : absl::StrCat(worker.staleness()),
                                  absl::StrCat(load.active_groups()),
                                  absl::StrCat(load.leases()),
                                  absl::StrFormat("%.0f", load.tokens_per_second()),
                                  absl::StrCat(load.groups_submitted()),
                                  SinceMs(service.started_at_ms())};
  if (wide) row.insert(row.end(), {service.endpoint(), service.host(), absl::StrCat(service.pid()), service.version(), service.message()});
  return row;
}

template <typename List, typename NameOf>
std::function<std::vector<std::string>()> NamesOf(const List& list, NameOf name_of) {
  return [&list, name_of] {
    std::vector<std::string> names;
    for (const auto& one : list) names.push_back(name_of(one));
    return names;
  };
}

}  // namespace

Presentation Sentence(const std::string& text, const std::string& name) {
  return {[text](bool) { return text + "\n"; }, [name] { return name.empty() ? std::vector<std::string>() : std::vector<std::string>{name}; }};
}

Presentation ViewOf(const api::GetClusterStatusResponse& answer) {
  return {[&answer](bool wide) { return StatusText(answer.status(), wide); }, [&answer] { return std::vector<std::string>{answer.status().run_id()}; }};
}

Presentation ViewOf(const api::ListWorkersResponse& answer, bool headers) {
  const auto text = [&answer, headers](bool wide) {
    Grid grid = {{"WORKER", "STATE", "POLICY", "BEHIND", "GROUPS", "LEASES", "TOKENS/S", "SUBMITTED", "AGE"}, {}};
    if (wide) grid.header.insert(grid.header.end(), {"ENDPOINT", "HOST", "PID", "VERSION", "MESSAGE"});
    for (const api::Worker& worker : answer.workers()) grid.rows.push_back(WorkerRow(worker, wide));
    std::string lines = RenderGrid(grid, headers);
    if (answer.workers_size() < answer.total_size()) absl::StrAppend(&lines, answer.workers_size(), " of ", answer.total_size(), " workers\n");
    return lines;
  };
  return {text, NamesOf(answer.workers(), [](const api::Worker& worker) { return worker.name(); })};
}

Presentation ViewOf(const api::GetWorkerResponse& answer) {
  const auto text = [&answer](bool) {
    const auto& service = answer.worker().service();
    const auto& load = service.load();
    std::string lines = Line("worker", absl::StrCat(service.name(), "  ", StateOf(service.state()), service.message().empty() ? "" : ": ", service.message()));
    absl::StrAppend(&lines, Line("policy", absl::StrCat("version ", load.policy_version(), ", announced ", load.announced_version(), ", behind ",
                                                        answer.worker().staleness())));
    absl::StrAppend(&lines, Line("load", absl::StrFormat("%d groups, %d sequences, %d leases, %.0f tokens/s", load.active_groups(), load.active_sequences(),
                                                         load.leases(), load.tokens_per_second())));
    absl::StrAppend(&lines, Line("so far", absl::StrCat(load.groups_submitted(), " groups, ", load.tokens(), " tokens in ", SinceMs(service.started_at_ms()))));
    absl::StrAppend(&lines, Line("listens", absl::StrCat(service.endpoint(), ", metrics ", service.metrics_endpoint())));
    absl::StrAppend(&lines, Line("process", absl::StrCat(service.pid(), " on ", service.host(), ", version ", service.version())));
    absl::StrAppend(&lines, Line("heartbeat", absl::StrCat(service.heartbeat_age_ms(), " ms ago, clock off by ", service.clock_skew_ms(), " ms")));
    for (const auto& [activity, seconds] : load.time_budget_seconds()) absl::StrAppend(&lines, Line(activity, Span(seconds)));
    return lines;
  };
  return {text, [&answer] { return std::vector<std::string>{answer.worker().name()}; }};
}

Presentation ViewOf(const api::ListServicesResponse& answer, bool headers) {
  const auto text = [&answer, headers](bool) {
    Grid grid = {{"SERVICE", "ROLE", "STATE", "ENDPOINT", "METRICS", "VERSION", "AGE"}, {}};
    for (const auto& one : answer.services()) {
      grid.rows.push_back({one.name(), RoleOf(one.role()), StateOf(one.state()), one.endpoint(), one.metrics_endpoint(), one.version(), SinceMs(one.started_at_ms())});
    }
    return RenderGrid(grid, headers);
  };
  return {text, NamesOf(answer.services(), [](const auto& one) { return one.name(); })};
}

Presentation ViewOf(const api::GetQueueResponse& answer) {
  const auto text = [&answer](bool) {
    const api::QueueState& queue = answer.queue();
    std::string lines = Line("waiting", absl::StrCat(queue.backlog(), " tasks that no worker holds"));
    absl::StrAppend(&lines, Line("leased", absl::StrCat(queue.leased(), " tasks that workers hold")), Line("oldest", Span(queue.oldest_age_seconds())),
                    Line("dead letters", absl::StrCat(queue.dead_letters())), Line("incarnation", absl::StrCat(queue.incarnation())));
    if (queue.rate_window_seconds() <= 0) return lines;
    absl::StrAppend(&lines, Line("rates", absl::StrFormat("%.1f issued/s, %.1f delivered/s, %.1f settled/s, over %s", queue.issued_per_second(),
                                                          queue.delivered_per_second(), queue.settled_per_second(), Span(queue.rate_window_seconds()))));
    return lines;
  };
  return {text, nullptr};
}

Presentation ViewOf(const api::ListDeadLettersResponse& answer, bool headers) {
  const auto text = [&answer, headers](bool wide) {
    Grid grid = {{"LETTER", "GROUP", "ATTEMPTS", "LAST WORKER", "AGE", "TRACE", "REASON"}, {}};
    for (const api::DeadLetter& letter : answer.dead_letters()) {
      grid.rows.push_back({letter.name(), letter.group_id(), absl::StrCat(letter.attempts()), letter.last_worker(), SinceMs(letter.died_at_ms()), letter.trace_id(),
                           wide ? letter.reason() : OneLine(letter.reason(), 60)});
    }
    std::string lines = RenderGrid(grid, headers);
    if (answer.dead_letters_size() < answer.total_size()) absl::StrAppend(&lines, answer.dead_letters_size(), " of ", answer.total_size(), " letters\n");
    return lines;
  };
  return {text, NamesOf(answer.dead_letters(), [](const api::DeadLetter& letter) { return letter.name(); })};
}

Presentation ViewOf(const api::ListCheckpointsResponse& answer, bool headers) {
  const auto text = [&answer, headers](bool wide) {
    Grid grid = {{"CHECKPOINT", "STEP", "INCARNATION", "REWARD", "TRAINED FOR"}, {}};
    if (wide) grid.header.push_back("PATH");
    for (const auto& one : answer.checkpoints()) {
      grid.rows.push_back({one.name(), absl::StrCat(one.step()), absl::StrCat(one.incarnation()), absl::StrFormat("%.3f", one.reward_mean()),
                           Span(one.elapsed_seconds())});
      if (wide) grid.rows.back().push_back(one.path());
    }
    return RenderGrid(grid, headers);
  };
  return {text, NamesOf(answer.checkpoints(), [](const auto& one) { return one.name(); })};
}

std::string SampleName(const learner::v1::TrainingSample& sample) { return absl::StrCat(sample.group_id(), "#", sample.sample()); }

Presentation ViewOf(const learner::v1::TrainingSample& sample) {
  const auto text = [&sample](bool) {
    std::string lines = Line("sample", absl::StrCat(SampleName(sample), "  step ", sample.step()));
    absl::StrAppend(&lines, Line("verdict", absl::StrCat(sample.verdict(), sample.format_ok() ? ", format right" : absl::StrCat(", format wrong: ", sample.format_reason()),
                                                         absl::StrFormat(", reward %.3f", sample.reward()), sample.masked() ? ", masked" : "")));
    absl::StrAppend(&lines, Line("length", absl::StrCat(sample.tokens(), " tokens, ended by ", sample.finish_reason())));
    if (!sample.trace_id().empty()) absl::StrAppend(&lines, Line("trace", sample.trace_id()));
    absl::StrAppend(&lines, "--- prompt\n", sample.prompt(), "\n--- reference answer\n", sample.gold_answer(), "\n--- completion\n", sample.text(), "\n");
    return lines;
  };
  return {text, [&sample] { return std::vector<std::string>{SampleName(sample)}; }};
}

Presentation ViewOf(const api::ListSamplesResponse& answer, bool headers) {
  const auto text = [&answer, headers](bool wide) {
    Grid grid = {{"SAMPLE", "VERDICT", "FORMAT", "REWARD", "TOKENS", "ANSWER", "TEXT"}, {}};
    for (const auto& one : answer.samples()) {
      grid.rows.push_back({SampleName(one), one.verdict(), one.format_ok() ? "ok" : one.format_reason(), absl::StrFormat("%.2f", one.reward()),
                           absl::StrCat(one.tokens()), OneLine(one.gold_answer(), 12), OneLine(one.text(), wide ? 200 : 60)});
    }
    return RenderGrid(grid, headers);
  };
  return {text, NamesOf(answer.samples(), SampleName)};
}

Presentation ViewOf(const api::ListOperationsResponse& answer, bool headers) {
  const auto text = [&answer, headers](bool) {
    Grid grid = {{"OPERATION", "KIND", "SUBJECT", "STATE", "BY", "AGE", "MESSAGE"}, {}};
    for (const api::Operation& one : answer.operations()) {
      grid.rows.push_back({one.name(), KindOf(one.kind()), one.subject().empty() ? "-" : one.subject(), StateOf(one.state()), one.actor(),
                           SinceMs(one.created_at_ms()), one.message()});
    }
    return RenderGrid(grid, headers);
  };
  return {text, NamesOf(answer.operations(), [](const api::Operation& one) { return one.name(); })};
}

Presentation ViewOf(const api::Operation& operation) {
  const auto text = [&operation](bool) {
    return absl::StrCat(operation.name(), " ", KindOf(operation.kind()), operation.subject().empty() ? "" : " ", operation.subject(), ": ",
                        StateOf(operation.state()), operation.message().empty() ? "" : ", ", operation.message(), "\n");
  };
  return {text, [&operation] { return std::vector<std::string>{operation.name()}; }};
}

Presentation ViewOf(const api::DiagnoseResponse& answer, bool headers) {
  const auto text = [&answer, headers](bool) {
    std::string lines;
    for (const api::Finding& finding : answer.findings()) {
      const std::string mark = finding.severity() == api::SEVERITY_OK ? "ok     " : finding.severity() == api::SEVERITY_WARNING ? "warning" : "ERROR  ";
      absl::StrAppend(&lines, mark, "  ", absl::StrFormat("%-13s", finding.check()), finding.observation(), "\n");
      if (!finding.remedy().empty() && headers) absl::StrAppend(&lines, std::string(22, ' '), "-> ", finding.remedy(), "\n");
    }
    return lines;
  };
  return {text, NamesOf(answer.findings(), [](const api::Finding& finding) { return finding.check(); })};
}

Presentation ViewOf(const api::WatchEventsResponse& answer) {
  const auto text = [&answer](bool wide) -> std::string {
    if (answer.gap() < 0) return "--- an unknown number of events is missing: Redis has lost the log ---\n";
    if (answer.gap() > 0) return absl::StrCat("--- ", answer.gap(), " events are missing: they were dropped before they could be read ---\n");
    if (!answer.has_event()) return "";
    const auto& event = answer.event();
    return absl::StrCat(ClockOf(event.time_ms()), "  ", absl::StrFormat("%6d  %-15s ", event.sequence(), KindOf(event.kind())), event.subject(),
                        event.message().empty() ? "" : ": ", event.message(), event.actor().empty() ? "" : absl::StrCat("  (by ", event.actor(), ")"),
                        wide && !event.request_id().empty() ? absl::StrCat("  request ", event.request_id()) : "",
                        wide && !event.trace_id().empty() ? absl::StrCat("  trace ", event.trace_id()) : "", "\n");
  };
  return {text, [&answer] { return answer.has_event() ? std::vector<std::string>{absl::StrCat(answer.event().sequence())} : std::vector<std::string>(); }};
}

}  // namespace cohort::cli
