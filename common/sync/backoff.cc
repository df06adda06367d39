#include "common/sync/backoff.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/time/clock.h"

namespace cohort::sync {
namespace {

std::function<double()> SystemUniform() {
  return [generator = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
  };
}

}  // namespace

Backoff::Backoff(Options options, std::function<double()> uniform)
    : options_(options), uniform_(uniform != nullptr ? std::move(uniform) : SystemUniform()), current_(options.first) {}

absl::Duration Backoff::Next() {
  const absl::Duration wait = current_ * (1.0 - options_.jitter * uniform_());
  current_ = std::min(current_ * options_.factor, options_.max);
  return wait;
}

bool Backoff::Wait(const StopToken& stop, absl::Time deadline) {
  const absl::Time until = absl::Now() + Next();
  if (stop.WaitUntil(std::min(until, deadline))) return false;
  return until < deadline;
}

}  // namespace cohort::sync
