#include "services/admin/cluster/queue_rates.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "services/admin/cluster/errors.h"

namespace cohort::admin {
namespace {

constexpr absl::Duration kPeriod = absl::Seconds(1);
constexpr absl::Duration kWindow = absl::Seconds(10);
constexpr absl::Duration kPatience = absl::Seconds(1);

// Counters begin anew when Redis loses its data or another incarnation begins; that is no negative rate.
double Rate(int64_t from, int64_t to, double seconds) { return seconds > 0 ? static_cast<double>(std::max<int64_t>(0, to - from)) / seconds : 0; }

}  // namespace

QueueRates::QueueRates(const std::string& redis, const std::string& run) : inspector_(redis, run) {
  thread_ = sync::Thread("queue-rates", [this] { Loop(); });
}

QueueRates::~QueueRates() {
  stop_.RequestStop();
  thread_.Join();
}

void QueueRates::Loop() {
  do {
    const absl::StatusOr<queue::QueueCounters> counters = inspector_.Look(absl::Now() + kPatience);
    if (counters.ok()) Remember(*counters);
  } while (!stop_.token().WaitFor(kPeriod));
}

void QueueRates::Remember(const queue::QueueCounters& counters) {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  samples_.emplace_back(now, counters);
  while (samples_.front().first < now - kWindow) samples_.pop_front();
}

absl::StatusOr<v1::QueueState> QueueRates::Now(absl::Time deadline) {
  const absl::StatusOr<queue::QueueCounters> counters = inspector_.Look(deadline);
  if (!counters.ok()) return OfRedis(counters.status());
  v1::QueueState state;
  state.set_backlog(counters->stats.backlog);
  state.set_leased(counters->stats.leased);
  state.set_oldest_age_seconds(absl::ToDoubleSeconds(counters->stats.oldest_age));
  state.set_dead_letters(counters->stats.dead_letters);
  state.set_incarnation(counters->stats.incarnation);
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  const auto first = std::find_if(samples_.begin(), samples_.end(), [now](const auto& sample) { return sample.first >= now - kWindow - kPeriod; });
  if (first == samples_.end()) return state;
  const double seconds = absl::ToDoubleSeconds(now - first->first);
  state.set_rate_window_seconds(seconds);
  state.set_issued_per_second(Rate(first->second.issued, counters->issued, seconds));
  state.set_delivered_per_second(Rate(first->second.delivered, counters->delivered, seconds));
  state.set_settled_per_second(Rate(first->second.settled, counters->settled, seconds));
  return state;
}

}  // namespace cohort::admin
