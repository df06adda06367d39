#include "common/redis/command_stats.h"

namespace cohort::redis {

CommandStats& CommandStats::OfProcess() {
  static CommandStats& stats = *new CommandStats();
  return stats;
}

void CommandStats::Count(const absl::Status& status, absl::Duration took) {
  ++(status.ok() ? done_ : failed_);
  if (status.ok()) nanoseconds_ += absl::ToInt64Nanoseconds(took);
}

std::unique_ptr<metrics::CollectHook> ExportRedisMetrics(metrics::Registry& registry) {
  constexpr char kName[] = "cohort_redis_commands_total";
  constexpr char kHelp[] = "Commands to Redis by outcome; one that was repeated after a lost connection counts once.";
  metrics::Counter* const done = registry.GetCounter(kName, kHelp, {{"outcome", "done"}});
  metrics::Counter* const failed = registry.GetCounter(kName, kHelp, {{"outcome", "failed"}});
  metrics::Counter* const seconds =
      registry.GetCounter("cohort_redis_command_seconds_total", "Time of the commands that were done, with what blocking ones waited for tasks.");
  metrics::Counter* const connects = registry.GetCounter("cohort_redis_connects_total", "Connections made to Redis; after the first ones, reconnections.");
  // Hooks run one at a time, so what was told needs no lock.
  return registry.OnCollect([=, told_done = uint64_t{0}, told_failed = uint64_t{0}, told_connects = uint64_t{0}, told_seconds = 0.0]() mutable {
    const CommandStats& stats = CommandStats::OfProcess();
    const auto tell = [](metrics::Counter* counter, auto now, auto& told) {
      counter->Add(static_cast<double>(now - told));
      told = now;
    };
    tell(done, stats.done(), told_done);
    tell(failed, stats.failed(), told_failed);
    tell(connects, stats.connects(), told_connects);
    tell(seconds, stats.seconds(), told_seconds);
  });
}

}  // namespace cohort::redis
