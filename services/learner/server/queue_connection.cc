#include "services/learner/server/queue_connection.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/status/status_macros.h"
#include "common/sync/backoff.h"

namespace cohort::learner {
namespace {

// One attempt; short, so that a stop is noticed.
constexpr absl::Duration kAttempt = absl::Seconds(2);

queue::QueueOptions MakeOptions(const LearnerOptions& options, const config::v1::RunConfig& config, int64_t last_incarnation) {
  queue::QueueOptions queue_options;
  queue_options.run_id = config.run().name();
  queue_options.consumer = options.name;
  queue_options.lease = absl::Seconds(config.queue().lease_seconds());
  queue_options.max_attempts = config.queue().max_attempts();
  queue_options.max_backlog = config.queue().max_backlog();
  queue_options.incarnation_floor = last_incarnation + 1;
  return queue_options;
}

absl::StatusOr<QueueConnection> Attempt(const std::string& address, const queue::QueueOptions& options, absl::Time deadline) {
  QueueConnection connection;
  COHORT_ASSIGN_OR_RETURN(connection.queue, queue::RedisPromptQueue::Open(address, options, deadline));
  COHORT_ASSIGN_OR_RETURN(connection.incarnation, connection.queue->BeginIncarnation(deadline));
  return connection;
}

}  // namespace

absl::StatusOr<QueueConnection> ConnectQueue(const LearnerOptions& options, const config::v1::RunConfig& config, int64_t last_incarnation,
                                             const sync::StopToken& stop) {
  const queue::QueueOptions queue_options = MakeOptions(options, config, last_incarnation);
  const std::string address = options.redis.empty() ? config.queue().redis_address() : options.redis;
  const absl::Time deadline = absl::Now() + options.start_timeout;
  sync::Backoff backoff;
  for (;;) {
    absl::StatusOr<QueueConnection> connection = Attempt(address, queue_options, std::min(deadline, absl::Now() + kAttempt));
    if (stop.stop_requested()) return absl::CancelledError("the learner is stopping");
    if (connection.ok() || (!absl::IsUnavailable(connection.status()) && !absl::IsDeadlineExceeded(connection.status()))) return connection;
    if (absl::Now() >= deadline) {
      return absl::UnavailableError(absl::StrCat("Redis at ", address, " cannot be reached for ", absl::FormatDuration(options.start_timeout), " (",
                                                 connection.status().message(), "); start it, or correct --redis or queue.redis_address"));
    }
    backoff.Wait(stop, deadline);
  }
}

}  // namespace cohort::learner
